/**
 * The loop over time, from the counters of its heartbeat: one figure a second, and one a minute while nothing happens. A
 * stretch in which the loop is blocked is as long as the block, because what it did is known only when it turns again.
 */
import type { Heartbeat } from './heartbeat.ts';
import type { ThreadTime } from './thread-clock.ts';
import type { LagNote } from './told.ts';

export interface LagMeterOptions {
  readonly clock: () => number;
  readonly threadTime: () => ThreadTime | null;
  readonly threshold: number;
  readonly heartbeat: number;
  /** Milliseconds since 1970. */
  readonly date?: () => number;
}

const PERIOD = 1000;
const LONGEST = 60_000;
/** Later than that by half a threshold, or by this, a second is worth a figure of its own. */
const NOTABLE = 20;

interface Reading {
  readonly at: number;
  readonly date: number;
  readonly busy: number;
  readonly gc: number;
  readonly time: ThreadTime | null;
}

interface Stretch {
  readonly from: Reading;
  readonly to: Reading;
  readonly max: number;
  readonly sum: number;
  readonly beats: number;
}

export class LagMeter {
  readonly #beats: Heartbeat;
  readonly #options: LagMeterOptions;
  #last: Reading;
  /** Nothing happened in it, and it may grow. */
  #quiet: Stretch | null = null;

  constructor(beats: Heartbeat, options: LagMeterOptions) {
    this.#beats = beats;
    this.#options = options;
    this.#last = this.#read();
    beats.takeLag();
  }

  #read(): Reading {
    const { clock, threadTime, date = Date.now } = this.#options;
    return { at: clock(), date: date(), busy: this.#beats.busy, gc: this.#beats.gc, time: threadTime() };
  }

  /** Called often. What is complete, the oldest first. */
  tick(): LagNote[] {
    const now = this.#options.clock();
    const overdue = now - this.#beats.last.at > 4 * this.#options.heartbeat;
    return now - this.#last.at < PERIOD || overdue ? [] : this.#close();
  }

  #close(): LagNote[] {
    const from = this.#last;
    const to = this.#read();
    this.#last = to;
    const stretch = { from, to, ...this.#beats.takeLag() };
    const quiet = this.#quiet;
    if (stretch.max >= Math.min(NOTABLE, this.#options.threshold / 2)) {
      this.#quiet = null;
      return [...(quiet === null ? [] : [this.#note(quiet)]), this.#note(stretch)];
    }
    const grown = quiet === null ? stretch : join(quiet, stretch);
    this.#quiet = grown;
    if (grown.to.at - grown.from.at < LONGEST) return [];
    this.#quiet = null;
    return [this.#note(grown)];
  }

  /** All up to now. */
  flush(): LagNote[] {
    const notes = this.#options.clock() - this.#last.at >= 1 ? this.#close() : [];
    if (this.#quiet !== null) notes.push(this.#note(this.#quiet));
    this.#quiet = null;
    return notes;
  }

  #note({ from, to, max, sum, beats }: Stretch): LagNote {
    const length = to.at - from.at;
    const part = (ms: number): number => Math.round(Math.max(0, Math.min(length, ms)) * 10) / 10;
    const known = from.time !== null && to.time !== null;
    return {
      type: 'lag',
      start: from.date,
      end: to.date,
      delay: { max: Math.round(max * 10) / 10, mean: Math.round((sum / Math.max(1, beats)) * 100) / 100 },
      busy: part(to.busy - from.busy),
      run: known ? part(to.time.run - from.time.run) : null,
      runQueue: known ? part(to.time.queued - from.time.queued) : null,
      gc: part(to.gc - from.gc),
    };
  }
}

function join(a: Stretch, b: Stretch): Stretch {
  return { from: a.from, to: b.to, max: Math.max(a.max, b.max), sum: a.sum + b.sum, beats: a.beats + b.beats };
}
