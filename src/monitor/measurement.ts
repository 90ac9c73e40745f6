/**
 * How long the event loop kept its callers waiting. Node's own delay histogram (libuv timers, measured in C++) and
 * event-loop utilization; which line was to blame is not told here.
 */
import { monitorEventLoopDelay, performance, PerformanceObserver } from 'node:perf_hooks';
import type { EventLoopUtilization, IntervalHistogram } from 'node:perf_hooks';
import { statisticsOf } from '../base/live.ts';
import type { ActorStats } from '../executors/actor-stats.ts';
import type { ExecutorStats } from '../executors/executor.ts';
import type { Percentiles } from '../executors/percentiles.ts';

export interface Measured {
  uptime: number;
  delay: Percentiles;
  utilization: number;
  gc: { count: number; total: number; max: number };
  heapUsed: number;
  executors: Record<string, ExecutorStats>;
  actors: Record<string, ActorStats>;
}

/** One measurement, from start to end. */
export class Measurement {
  readonly #heartbeat: number;
  readonly #startedAt: number = performance.now();
  readonly #histogram: IntervalHistogram;
  readonly #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  readonly #gc = { count: 0, total: 0, max: 0 };
  readonly #observer: PerformanceObserver;
  readonly #beat: NodeJS.Timeout;
  #lastBeat: number = performance.now();

  constructor(heartbeat: number = 10) {
    this.#heartbeat = heartbeat;
    this.#beat = setInterval(() => (this.#lastBeat = performance.now()), heartbeat).unref();
    this.#histogram = monitorEventLoopDelay({ resolution: heartbeat });
    this.#histogram.enable();
    this.#observer = new PerformanceObserver((list) => list.getEntries().forEach((e) => this.#collected(e.duration)));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  #collected(duration: number): void {
    this.#gc.count++;
    this.#gc.total += duration;
    this.#gc.max = Math.max(this.#gc.max, duration);
  }

  end(): void {
    clearInterval(this.#beat);
    this.#histogram.disable();
    this.#observer.disconnect();
  }

  snapshot(): Measured {
    for (const entry of this.#observer.takeRecords()) this.#collected(entry.duration);
    return {
      uptime: performance.now() - this.#startedAt,
      delay: this.#delay(),
      utilization: performance.eventLoopUtilization(this.#utilization).utilization,
      gc: { ...this.#gc },
      heapUsed: process.memoryUsage().heapUsed,
      executors: statisticsOf('executor') as Record<string, ExecutorStats>,
      actors: statisticsOf('actor') as Record<string, ActorStats>,
    };
  }

  /**
   * Node records the time between two beats, in nanoseconds: what exceeds the heartbeat is delay. A block that has not ended
   * yet is not in Node's histogram; when it is the longest so far, it is counted as one more sample on top.
   */
  #delay(): Percentiles {
    const h = this.#histogram;
    const late = (ns: number): number => Math.max(0, ns / 1e6 - this.#heartbeat);
    const running = (performance.now() - this.#lastBeat) * 1e6;
    const onTop = running > 2e6 * this.#heartbeat && (h.count === 0 || running > h.max);
    const count = h.count + (onTop ? 1 : 0);
    if (count === 0) return { p50: 0, p90: 0, p99: 0, max: 0, mean: 0, count };
    const at = (p: number): number => {
      const rank = Math.ceil((p / 100) * count);
      return late(rank > h.count ? running : h.percentile(Math.min(100, (rank / h.count) * 100)));
    };
    const mean = h.count === 0 ? running : (h.mean * h.count + (onTop ? running : 0)) / count;
    return { p50: at(50), p90: at(90), p99: at(99), max: late(onTop ? running : h.max), mean: late(mean), count };
  }
}
