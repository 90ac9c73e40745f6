/**
 * How the loop was since somebody asked last. Whoever collects figures asks again and again, and wants to know of the time in
 * between: figures since the start of the process would hide a bad minute behind a good week.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { EventLoopUtilization, IntervalHistogram } from 'node:perf_hooks';
import type { Percentiles } from '../executors/percentiles.ts';

/** Milliseconds between two samples: each wakes an idle process. */
const RESOLUTION = 20;

export interface LoopFigures {
  /** Milliseconds. */
  readonly delay: Percentiles;
  readonly utilization: number;
}

export class LoopMeter implements Disposable {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();

  constructor() {
    this.#histogram.enable();
  }

  /** Since the last call, or since it was made. */
  read(): LoopFigures {
    const delay = this.#delay();
    this.#histogram.reset();
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization);
    this.#utilization = now;
    return { delay, utilization };
  }

  /** Node records the nanoseconds between two samples: what exceeds the resolution is delay. */
  #delay(): Percentiles {
    const h = this.#histogram;
    const { count } = h;
    if (count === 0) return { p50: 0, p90: 0, p99: 0, max: 0, mean: 0, count };
    const late = (ns: number): number => Math.max(0, ns / 1e6 - RESOLUTION);
    const at = (p: number): number => late(h.percentile(p));
    return { p50: at(50), p90: at(90), p99: at(99), max: late(h.max), mean: late(h.mean), count };
  }

  [Symbol.dispose](): void {
    this.#histogram.disable();
  }
}
