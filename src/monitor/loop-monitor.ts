/**
 * How long the event loop kept its callers waiting. Node's own delay histogram (libuv timers, measured in C++) and
 * event-loop utilization; which line was to blame is not told here.
 */
import { monitorEventLoopDelay, performance, PerformanceObserver } from 'node:perf_hooks';
import type { EventLoopUtilization, IntervalHistogram } from 'node:perf_hooks';
import { InvalidStateError } from '../base/errors.ts';
import { statisticsOf } from '../base/live.ts';
import { checkCount, ownOptions } from '../base/validate.ts';
import type { ExecutorStats } from '../executors/executor.ts';
import type { Percentiles } from '../executors/percentiles.ts';

export interface MonitorOptions {
  /** Milliseconds between two looks at the loop, 1 to 1,000. Default 10. Shorter delays than this are seen by chance only. */
  heartbeat?: number;
}

/** What the loop suffered since `start()`. Milliseconds. */
export interface LagSnapshot {
  uptime: number;
  /** How late the loop was. */
  delay: Percentiles;
  /** Share of the time in which the loop was busy: 0 to 1. */
  utilization: number;
  gc: { count: number; total: number; max: number };
  /** Bytes. */
  heapUsed: number;
  executors: Record<string, ExecutorStats>;
}

export class LoopMonitor implements Disposable {
  readonly #heartbeat: number;
  #running: Measurement | null = null;
  #last: LagSnapshot | null = null;

  constructor(options?: MonitorOptions) {
    const o = ownOptions<MonitorOptions>('options', options, ['heartbeat']);
    if (o.heartbeat !== undefined) checkCount('options.heartbeat', o.heartbeat, 1, { max: 1000 });
    this.#heartbeat = o.heartbeat ?? 10;
  }

  /** Starts measuring afresh. Does not keep the process alive. */
  start(): this {
    if (this.#running !== null) throw new InvalidStateError('This monitor runs already: stop() it first');
    this.#running = new Measurement(this.#heartbeat);
    return this;
  }

  /** Stops measuring; `snapshot()` keeps giving the final figures. */
  stop(): void {
    if (this.#running === null) return;
    this.#last = this.#running.snapshot();
    this.#running.end();
    this.#running = null;
  }

  snapshot(): LagSnapshot {
    const snapshot = this.#running?.snapshot() ?? this.#last;
    if (snapshot === null) throw new InvalidStateError('This monitor has not been started');
    return snapshot;
  }

  /** The snapshot in a few lines. */
  text(): string {
    const { uptime, delay, utilization, gc, heapUsed, executors } = this.snapshot();
    const lines = [
      `event loop over ${seconds(uptime)}: delay p50 ${ms(delay.p50)}, p99 ${ms(delay.p99)}, max ${ms(delay.max)}; busy ${percent(utilization)}`,
      `gc: ${gc.count} runs, ${ms(gc.total)} in all, longest ${ms(gc.max)}; heap ${(heapUsed / 2 ** 20).toFixed(0)} MiB`,
    ];
    for (const [name, s] of Object.entries(executors)) {
      lines.push(
        `${name}: ${s.busy} of ${s.workers} workers busy, ${s.queued} queued, ${s.completed} done; run p50 ${ms(s.runTime.p50)}, p99 ${ms(s.runTime.p99)}`,
      );
    }
    return lines.join('\n');
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

/** One run of the monitor, from start to stop. */
class Measurement {
  readonly #heartbeat: number;
  readonly #startedAt: number = performance.now();
  readonly #histogram: IntervalHistogram;
  readonly #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  readonly #gc = { count: 0, total: 0, max: 0 };
  readonly #observer: PerformanceObserver;
  readonly #beat: NodeJS.Timeout;
  #lastBeat: number = performance.now();

  constructor(heartbeat: number) {
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

  snapshot(): LagSnapshot {
    for (const entry of this.#observer.takeRecords()) this.#collected(entry.duration);
    return Object.freeze({
      uptime: performance.now() - this.#startedAt,
      delay: this.#delay(),
      utilization: performance.eventLoopUtilization(this.#utilization).utilization,
      gc: { ...this.#gc },
      heapUsed: process.memoryUsage().heapUsed,
      executors: statisticsOf('executor') as Record<string, ExecutorStats>,
    });
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

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
const seconds = (value: number): string => `${(value / 1000).toFixed(1)} s`;
const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;
