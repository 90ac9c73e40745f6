/**
 * Durations of many jobs in 2 KB: one counter for each sixteenth of an octave, in microseconds, so a percentile is right to
 * about three percent. There may be one for each of a thousand functions; Node's own histogram takes more than ten times that.
 */
import type { Percentiles } from './percentiles.ts';

const PARTS_LOG2 = 4;
const PARTS = 1 << PARTS_LOG2; // of an octave
const LARGEST = 2 ** 31 - 1; // µs, 35 minutes: longer ones share the last counter; maximum and mean are exact
const SIZE = (31 - PARTS_LOG2 + 1) * PARTS;

/** 0…15 µs have a counter each; from there on, sixteen for each power of two. */
function indexOf(us: number): number {
  if (us < PARTS) return us;
  const octave = 31 - PARTS_LOG2 - Math.clz32(us); // how far the leading five bits stand from the right
  return (octave << PARTS_LOG2) + (us >>> octave);
}

/** Milliseconds: the middle of what a counter counts. */
function valueAt(index: number): number {
  if (index < PARTS) return index / 1000;
  const octave = (index >> PARTS_LOG2) - 1;
  const low = ((index & (PARTS - 1)) + PARTS) * 2 ** octave;
  return (low + (2 ** octave - 1) / 2) / 1000;
}

export class LogHistogram {
  readonly #counts = new Uint32Array(SIZE);
  #count = 0;
  #sum = 0;
  #max = 0;

  record(ms: number): void {
    const us = ms * 1000;
    const index = indexOf(us < LARGEST ? (us + 0.5) | 0 : LARGEST);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#count++;
    this.#sum += ms;
    if (ms > this.#max) this.#max = ms;
  }

  snapshot(): Percentiles {
    const [p50, p90, p99] = this.#percentiles([0.5, 0.9, 0.99]);
    const count = this.#count;
    return Object.freeze({ p50: p50!, p90: p90!, p99: p99!, max: this.#max, mean: count === 0 ? 0 : this.#sum / count, count });
  }

  /** For ascending shares, in one pass. */
  #percentiles(shares: readonly number[]): number[] {
    let seen = 0;
    let index = -1;
    return shares.map((share) => {
      const rank = Math.ceil(share * this.#count);
      while (seen < rank) seen += this.#counts[++index] as number;
      return index < 0 ? 0 : Math.min(valueAt(index), this.#max);
    });
  }
}
