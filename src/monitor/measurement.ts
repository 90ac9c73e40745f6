/**
 * How long the event loop kept its callers waiting, by the heartbeat of the watch over it, and event-loop utilization; which
 * line was to blame is not told here. It has no timer of its own: waking an idle process is what a monitor costs most.
 */
import { createHistogram, performance, PerformanceObserver } from 'node:perf_hooks';
import type { EventLoopUtilization, RecordableHistogram } from 'node:perf_hooks';
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
  readonly #startedAt: number = performance.now();
  readonly #histogram: RecordableHistogram = createHistogram();
  readonly #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  readonly #gc = { count: 0, total: 0, max: 0 };
  readonly #observer: PerformanceObserver;

  constructor() {
    this.#observer = new PerformanceObserver((list) => list.getEntries().forEach((e) => this.#collected(e.duration)));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** The loop turned, so many milliseconds later than it should have. */
  beat(late: number): void {
    this.#histogram.record(Math.max(1, Math.round(late * 1e6)));
  }

  #collected(duration: number): void {
    this.#gc.count++;
    this.#gc.total += duration;
    this.#gc.max = Math.max(this.#gc.max, duration);
  }

  end(): void {
    this.#observer.disconnect();
  }

  /** `late`: by how many milliseconds the next beat is late already. */
  snapshot(late: number): Measured {
    for (const entry of this.#observer.takeRecords()) this.#collected(entry.duration);
    return {
      uptime: performance.now() - this.#startedAt,
      delay: this.#delay(late * 1e6),
      utilization: performance.eventLoopUtilization(this.#utilization).utilization,
      gc: { ...this.#gc },
      heapUsed: process.memoryUsage().heapUsed,
      executors: statisticsOf('executor') as Record<string, ExecutorStats>,
      actors: statisticsOf('actor') as Record<string, ActorStats>,
    };
  }

  /** A block that has not ended yet is not in the histogram; when it is the longest so far, it is counted as one more on top. */
  #delay(running: number): Percentiles {
    const h = this.#histogram;
    const onTop = running > 0 && (h.count === 0 || running > h.max);
    const count = h.count + (onTop ? 1 : 0);
    if (count === 0) return { p50: 0, p90: 0, p99: 0, max: 0, mean: 0, count };
    const at = (p: number): number => {
      const rank = Math.ceil((p / 100) * count);
      return (rank > h.count ? running : h.percentile(Math.min(100, (rank / h.count) * 100))) / 1e6;
    };
    const mean = h.count === 0 ? running : (h.mean * h.count + (onTop ? running : 0)) / count;
    return { p50: at(50), p90: at(90), p99: at(99), max: (onTop ? running : h.max) / 1e6, mean: mean / 1e6, count };
  }
}
