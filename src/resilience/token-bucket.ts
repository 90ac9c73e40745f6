/**
 * A bucket of `burst` tokens that fills at an even rate. In any stretch of `t` milliseconds it admits at most
 * `burst + t * rate / per`.
 *
 * It counts what was taken since it was last full, instead of adding to a level: each answer is computed from whole numbers and
 * one point in time, so no rounding adds up, and lateness of a timer does not lower the rate (unless the bucket overflowed).
 */
import type { RateAlgorithm } from './rate-algorithm.ts';

export class TokenBucket implements RateAlgorithm {
  readonly capacity: number;
  readonly #rate: number;
  readonly #per: number;
  /** When it was last full; since then, `#taken` were taken. */
  #fullAt = -Infinity;
  #taken = 0;

  constructor(rate: number, per: number, burst: number) {
    this.#rate = rate;
    this.#per = per;
    this.capacity = burst;
  }

  /** Milliseconds after it was full at which `tokens` have flown in. */
  #after(tokens: number): number {
    return this.#fullAt + (tokens * this.#per) / this.#rate;
  }

  #isFull(now: number): boolean {
    return this.#taken === 0 || this.#after(this.#taken) <= now;
  }

  readyAt(weight: number, now: number): number {
    const missing = this.#taken + weight - this.capacity;
    return missing <= 0 || this.#isFull(now) ? now : this.#after(missing);
  }

  take(weight: number, now: number): void {
    if (this.#isFull(now)) {
      this.#fullAt = now;
      this.#taken = 0;
    }
    this.#taken += weight;
  }

  available(now: number): number {
    if (this.#isFull(now)) return Math.floor(this.capacity);
    let tokens = Math.floor(this.capacity - this.#taken + ((now - this.#fullAt) * this.#rate) / this.#per);
    // Rounding must not make this differ from `readyAt`.
    while (tokens > 0 && this.readyAt(tokens, now) > now) tokens--;
    while (tokens + 1 <= this.capacity && this.readyAt(tokens + 1, now) <= now) tokens++;
    return Math.max(0, tokens);
  }
}
