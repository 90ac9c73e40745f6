/** Durations of many jobs in constant memory: Node's own HDR histogram, in microseconds inside, milliseconds outside. */
import { createHistogram } from 'node:perf_hooks';
import type { RecordableHistogram } from 'node:perf_hooks';

/** Milliseconds. */
export interface Percentiles {
  p50: number;
  p90: number;
  p99: number;
  max: number;
  mean: number;
  count: number;
}

export class Durations {
  readonly #histogram: RecordableHistogram = createHistogram({ figures: 3 });

  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1000)));
  }

  snapshot(): Percentiles {
    const h = this.#histogram;
    const at = (p: number): number => h.percentile(p) / 1000;
    if (h.count === 0) return Object.freeze({ p50: 0, p90: 0, p99: 0, max: 0, mean: 0, count: 0 });
    return Object.freeze({ p50: at(50), p90: at(90), p99: at(99), max: h.max / 1000, mean: h.mean / 1000, count: h.count });
  }
}
