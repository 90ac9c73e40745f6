/**
 * An exact window: whatever stretch of `per` milliseconds you look at, no more than `rate` was admitted in it. It remembers each
 * admission of the last `per` milliseconds (those of the same moment as one); a fixed window, which does not, lets twice the rate
 * through around its borders.
 */
import { Ring } from '../base/ring.ts';
import type { RateAlgorithm } from './rate-algorithm.ts';

interface Admission {
  readonly at: number;
  weight: number;
}

export class SlidingWindow implements RateAlgorithm {
  readonly capacity: number;
  readonly #per: number;
  readonly #admitted = new Ring<Admission>();
  #latest: Admission | null = null;
  #inWindow = 0;

  constructor(rate: number, per: number) {
    this.capacity = rate;
    this.#per = per;
  }

  /** Heavy ones ask again at each step on the way: that is no more often than something was admitted. */
  readyAt(weight: number, now: number): number {
    this.#forget(now);
    return this.#inWindow + weight <= this.capacity ? now : (this.#admitted.first as Admission).at + this.#per;
  }

  #forget(now: number): void {
    const admitted = this.#admitted;
    for (let first = admitted.first; first !== undefined && first.at + this.#per <= now; first = admitted.first) {
      this.#inWindow -= first.weight;
      admitted.shift();
    }
  }

  take(weight: number, now: number): void {
    this.#inWindow += weight;
    if (this.#latest?.at === now && this.#admitted.size > 0) this.#latest.weight += weight;
    else this.#admitted.push((this.#latest = { at: now, weight }));
  }

  available(now: number): number {
    this.#forget(now);
    return this.capacity - this.#inWindow;
  }
}
