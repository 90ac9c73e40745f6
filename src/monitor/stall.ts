/** One stall: what the watchdog gathers while the thread does not beat, and what it makes of it afterwards. */
import { causeOf } from './cause.ts';
import type { Signals } from './cause.ts';
import { isLoading, userFrames } from './frames.ts';
import { blame, blamedTask } from './fusion.ts';
import type { Blame, Source } from './fusion.ts';
import type { Gap } from './heartbeat.ts';
import type { ProfiledFunction } from './profile.ts';
import type { Sample } from './sample.ts';
import type { BlockCause } from '../base/slow-report.ts';
import { stacksOf } from './stacks.ts';
import type { RawStack } from './stacks.ts';
import type { ThreadTime } from './thread-clock.ts';
import type { Told } from './told.ts';

/** What the counters said at a moment. */
export interface Reading {
  /** When they were read. */
  readonly at: number;
  readonly time: ThreadTime | null;
  readonly gc: number;
  /** Milliseconds by which the watchdog has woken too late, in all. */
  readonly late: number;
}

/** The first second after the loop first turned still belongs to loading. */
const STARTING = 1000;

export class Stall {
  readonly start: number;
  readonly #before: Reading;
  #samples: Sample[] = [];
  /** When the question was put that has no answer yet. */
  asked: number | null = null;
  /** How many of the "still blocked" lines were printed. */
  said = 0;
  gap: Gap | null = null;
  #after: Reading | null = null;

  constructor(start: number, before: Reading) {
    this.start = start;
    this.#before = before;
  }

  answer(sample: Sample | null): void {
    this.asked = null;
    if (sample !== null) this.#samples.push(sample);
  }

  end(gap: Gap, after: Reading): void {
    this.gap = gap;
    this.#after = after;
  }

  /** How long the watchdog itself was not there to see. */
  lateUntil(late: number): number {
    return late - this.#before.late;
  }

  /** Answers from within the stall; what came later was about something else. */
  #within(): Sample[] {
    const { gap } = this;
    return gap === null ? this.#samples : this.#samples.filter(({ at }) => at <= gap.end);
  }

  /** `gc` is read late: Node tells of collections with a delay. */
  signals(duration: number, now: Reading): Signals {
    const end = this.#after ?? now;
    const part = (ms: number): number => Math.max(0, Math.min(duration, ms));
    const [t0, t1] = [this.#seenFrom(end.at) ? this.#before.time : null, end.time];
    const counted = this.gap !== null && !Number.isNaN(this.gap.cpu) ? this.gap.cpu : null;
    const measured = t0 === null || t1 === null ? null : t1.run - t0.run;
    const run = counted ?? measured;
    const queued = this.gap?.queued ?? (t0 === null || t1 === null ? null : t1.queued - t0.queued);
    return {
      duration,
      run: run === null ? null : part(run),
      runQueue: queued === null ? null : part(queued),
      gc: part(now.gc - this.#before.gc),
      late: end.late - this.#before.late,
      latency: this.#latency(),
      asked: this.asked !== null || this.#samples.length > 0,
      observed: this.#observed(duration),
      callbacks: new Set(this.#within().map(({ callback, task }) => `${callback}/${task?.id}`)).size,
    };
  }

  /** Whether the counters were read before the stall, or early in it: a watchdog may have come later, or in place of another. */
  #seenFrom(end: number): boolean {
    return this.#before.at - this.start <= ((this.gap?.end ?? end) - this.start) / 4;
  }

  #observed(duration: number): number {
    const first = this.#samples[0]?.asked ?? this.asked;
    return this.gap === null || first === null ? duration : Math.max(0, Math.min(duration, this.gap.end - first));
  }

  #latency(): number {
    const end = this.gap?.end ?? Infinity;
    const waits = this.#samples.map(({ asked, at }) => Math.min(at, end) - asked);
    if (this.asked !== null && this.gap !== null) waits.push(this.gap.end - this.asked);
    return Math.max(0, ...waits);
  }

  cause(signals: Signals, loopStart: number, preloaded = false): BlockCause {
    return this.#isStartup(loopStart, preloaded) ? 'startup' : causeOf(signals);
  }

  /** Without an answer it is only known when the program was loaded after the watch had begun. */
  #isStartup(loopStart: number, preloaded: boolean): boolean {
    if (loopStart !== 0 && this.start >= loopStart + STARTING) return false;
    const all = this.#within();
    const telling = all.filter(({ frames, task }) => task !== undefined || userFrames(frames).length > 0);
    if (telling.length === 0) return preloaded || all.some(({ frames }) => isLoading(frames));
    return telling.every(({ frames, task }) => task === undefined && isLoading(frames));
  }

  blame(profile: readonly ProfiledFunction[] = [], source?: Source): Blame {
    return blame(this.#within(), this.start, profile, source);
  }

  get task(): Told['task'] {
    return blamedTask(this.#within(), this.start);
  }

  /** `begin`: of the block; before that the loop waited, and nobody took that time. */
  stacks(begin: number): RawStack[] {
    return stacksOf(this.#within(), begin);
  }

  get samples(): number {
    return this.#within().length;
  }
}
