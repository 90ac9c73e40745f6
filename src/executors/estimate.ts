/**
 * How long a function's next job will take, in milliseconds: from what its jobs took before, in this pool.
 *
 * Conservative: the decaying maximum, not the mean, so that a function of which every fiftieth job is long counts as long. Only
 * a single outlier is let pass: on a busy machine every job is interrupted now and then, and that says nothing about it. The
 * price of an underestimate is small anyway, since what waits behind a long job is taken back.
 */

/** What is left of the maximum after each shorter job: 1 % after some 230. */
const DECAY = 0.98;
/** A job this many times longer than expected, and longer than this many milliseconds, is an outlier, */
const OUTLIER = 4;
const OUTLIER_MS = 0.2;
/** unless there was another one this many jobs ago or less. */
const OUTLIER_DISTANCE = 256;

class Estimate {
  ms = Infinity;
  #sinceOutlier = OUTLIER_DISTANCE;

  add(ms: number): void {
    this.#sinceOutlier++;
    if (ms <= this.ms) {
      this.ms = this.ms === Infinity ? ms : Math.max(ms, this.ms * DECAY);
    } else if (ms > OUTLIER_MS && ms > OUTLIER * this.ms && this.#sinceOutlier > OUTLIER_DISTANCE) {
      this.#sinceOutlier = 0;
    } else {
      if (ms > OUTLIER * this.ms) this.#sinceOutlier = 0;
      this.ms = ms;
    }
  }
}

export class Estimates {
  readonly #byFunction = new Map<number, Estimate>();

  /** Infinity: nothing is known of it yet. */
  of(fn: number): number {
    return this.#byFunction.get(fn)?.ms ?? Infinity;
  }

  add(fn: number, ms: number): void {
    let estimate = this.#byFunction.get(fn);
    if (estimate === undefined) this.#byFunction.set(fn, (estimate = new Estimate()));
    estimate.add(ms);
  }
}
