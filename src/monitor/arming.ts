/**
 * When the watchdog looks, and when it asks the watched thread where it is. A beat is due every H milliseconds, so at the age
 * of T − H a block of length T, wherever in the beat it began, is still under way for long enough to be seen.
 */
import type { Beat } from './heartbeat.ts';

export interface ArmingOptions {
  readonly threshold: number;
  readonly heartbeat: number;
}

export interface Look {
  /** A stall has begun, after the beat told. */
  readonly began?: Beat;
  /** The stall under way is over. */
  readonly ended?: boolean;
  /** Ask now. */
  readonly probe: boolean;
  /** Milliseconds until the next look. */
  readonly wait: number;
}

const FIRST_STEP = 10;
const PROBES_AT_FIRST_STEP = 16;
const LONGEST_STEP = 64;

export class Arming {
  readonly #age: number;
  #armed: number | null = null;
  #probes = 0;
  #nextProbe = 0;

  constructor({ threshold, heartbeat }: ArmingOptions) {
    this.#age = threshold - heartbeat;
  }

  look(now: number, beat: Beat): Look {
    const ended = this.#armed !== null && this.#armed !== beat.count;
    if (ended) this.#armed = null;
    const began = this.#armed === null && now - beat.at >= this.#age;
    if (began) {
      this.#armed = beat.count;
      this.#probes = 0;
      this.#nextProbe = now;
    }
    const seen = { ...(ended && { ended }), ...(began && { began: beat }) };
    if (this.#armed === null) return { ...seen, probe: false, wait: Math.max(1, this.#age - (now - beat.at)) };
    return { ...seen, ...this.#step(now) };
  }

  #step(now: number): { probe: boolean; wait: number } {
    const probe = now >= this.#nextProbe;
    if (probe) {
      this.#probes++;
      const doublings = Math.max(0, this.#probes - PROBES_AT_FIRST_STEP);
      this.#nextProbe = now + Math.min(LONGEST_STEP, FIRST_STEP * 2 ** doublings);
    }
    return { probe, wait: Math.max(1, this.#nextProbe - now) };
  }
}
