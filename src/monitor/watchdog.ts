/**
 * The watchdog: runs in a thread of its own, looks at the heartbeat of the watched one, and asks it where it is when it stops
 * beating. Time, the inspector and the text of reports come from outside, so that a test can play all of them.
 */
import { Arming } from './arming.ts';
import { FunctionLines } from './function-lines.ts';
import type { Gap, Heartbeat } from './heartbeat.ts';
import type { Link } from './main-link.ts';
import type { Profiled } from './profile.ts';
import type { SourceMaps } from './source-maps.ts';
import type { SlowReport } from '../base/slow-report.ts';
import { Stall } from './stall.ts';
import type { Reading } from './stall.ts';
import type { ThreadTime } from './thread-clock.ts';
import type { Told } from './told.ts';
import { activeIn } from './waited.ts';

export interface WatchdogOptions {
  readonly threshold: number;
  readonly heartbeat: number;
  readonly debug: boolean;
  /** Of the watched thread; 0, the default, is the main one. */
  readonly thread?: number;
  /**
   * It is a worker: its loop rests while nothing waits there, and it may well be busy. Only a block that is over can be judged,
   * and when the whole process stood still, the main thread tells.
   */
  readonly worker?: boolean;
  /** It looks from within the watched thread, so that being late tells it nothing. */
  readonly within?: boolean;
}

export interface Surroundings {
  readonly clock: () => number;
  /** null: the process does not let itself be inspected. */
  readonly link: Link | null;
  readonly pending: Int32Array;
  readonly threadTime: () => ThreadTime | null;
  readonly maps: SourceMaps;
  readonly profile?: { over(start: number, end: number): Promise<Profiled>; tick(calm: boolean): void };
  /** Receives the report of each block, and notices in the midst of one. */
  readonly teller: { block(told: Told): void; stillBlocked(told: Told): void };
}

/** Node tells of a garbage collection about this long after the loop turned. */
const SETTLING = 30;
/** A timer may be this late on a healthy machine. */
const PUNCTUAL = 5;
/** Milliseconds for which the thread's CPU time is as good as read: of its age, and of what the loop did and how late this thread was. */
const FRESH = { age: 250, busy: 1, late: 2 };
/** Milliseconds after a stall until the inspector is let go. */
const CALM = 1000;
const STILL_BLOCKED = [1000, 5000, 30_000];

const unprofiled: Profiled = { functions: [], seen: [] };

interface Settling {
  readonly stall: Stall;
  /** How many gaps there were when it had ended. */
  readonly count: number;
  readonly due: number;
  readonly profile: Promise<Profiled> | undefined;
}

export class Watchdog {
  readonly #beats: Heartbeat;
  readonly #options: WatchdogOptions;
  readonly #env: Surroundings;
  readonly #arming: Arming;
  readonly #lines: FunctionLines = new FunctionLines();
  #planned: number;
  #late = 0;
  #gaps: number;
  #reading: Reading;
  /** What the loop had done when that was read, and how late this thread has been since. */
  #busyThen = 0;
  #lateSince = 0;
  #stall: Stall | null = null;
  /** Over, and its gap is about to be collected. */
  #ended: Stall | null = null;
  #settling: Settling[] = [];
  /** Their profile is on its way. */
  readonly #profiling = new Set<Settling>();
  /** When the inspector, which is in use, may be let go. */
  #attachedUntil = Infinity;

  constructor(beats: Heartbeat, options: WatchdogOptions, env: Surroundings) {
    this.#beats = beats;
    this.#options = options;
    this.#env = env;
    this.#arming = new Arming(options);
    this.#planned = env.clock();
    this.#gaps = beats.told;
    this.#reading = this.#read();
  }

  #read(): Reading {
    return { at: this.#env.clock(), time: this.#env.threadTime(), gc: this.#beats.gc, late: this.#late };
  }

  /** Returns the milliseconds until it wants to look again. */
  look(): number {
    const now = this.#env.clock();
    const over = now - this.#planned;
    if (over > PUNCTUAL && this.#options.within !== true) this.#late += over;
    const { ended, began, probe, wait } = this.#arming.look(now, this.#beats.last);
    if (ended === true) this.#over();
    this.#collectGaps(now);
    if (began !== undefined) this.#stall = new Stall(began.at, this.#reading);
    // A reading from within a block that has not been noticed yet would hide what it took so far.
    else if (this.#stall === null && this.#isBeating(now)) this.#readIdle(now, Math.max(0, over));
    if (this.#stall !== null) this.#attend(this.#stall, now, probe);
    this.#settle(now);
    this.#rest(now);
    const next = this.#settling.reduce((least, { due }) => Math.min(least, Math.max(1, due - now)), wait);
    this.#planned = this.#env.clock() + next;
    return next;
  }

  /** To read the CPU time is most of what looking at an idle program costs, and such a program uses none. */
  #readIdle(now: number, over: number): void {
    const { busy, gc } = this.#beats;
    this.#lateSince += over;
    const calm = busy - this.#busyThen < FRESH.busy && this.#lateSince < FRESH.late && gc === this.#reading.gc;
    if (calm && now - this.#reading.at < FRESH.age && this.#options.within !== true) return;
    this.#reading = this.#read();
    this.#busyThen = busy;
    this.#lateSince = 0;
  }

  #isBeating(now: number): boolean {
    const age = now - this.#beats.last.at;
    return age <= this.#options.heartbeat && age !== -Infinity;
  }

  /** Nothing is under way, and nobody will answer: no event loop is needed until the next look. */
  get calm(): boolean {
    return this.#stall === null && this.#settling.length === 0 && this.#attachedUntil === Infinity && this.#env.profile === undefined;
  }

  /** Nothing is under way: there is time for something else. */
  get idle(): boolean {
    return this.#stall === null && this.#settling.length === 0;
  }

  /** From within, the thread knows that it stood still only when the system tells it so. */
  stoodStill(): void {
    this.#late += this.#env.clock() - this.#planned;
  }

  #attend(stall: Stall, now: number, probe: boolean): void {
    this.#attachedUntil = now + CALM;
    if (probe && stall.asked === null && this.#env.link !== null) this.#ask(stall, now, this.#env.link);
    const blocked = now - stall.start - stall.lateUntil(this.#late);
    if (blocked < (STILL_BLOCKED[stall.said] ?? Infinity) || this.#beats.ignoring || this.#options.worker === true) return;
    stall.said++;
    this.#env.teller.stillBlocked(this.#told(stall, now - stall.start, stall.blame()));
  }

  #ask(stall: Stall, now: number, link: Link): void {
    stall.asked = now;
    Atomics.store(this.#env.pending, 0, 1);
    link.ask((sample) => stall.answer(sample));
  }

  #over(): void {
    const stall = this.#stall;
    this.#stall = null;
    if (stall === null) return;
    this.#env.link?.relax();
    const gap = this.#beats.gapsSince(this.#gaps).find(({ start }) => start === stall.start);
    if (gap !== undefined) stall.end(gap, this.#read()); // else: not long enough to be told
    this.#ended = gap === undefined ? null : stall;
  }

  /** Each gap that the thread noted is told of, also one that was over before the watchdog had a chance to look. */
  #collectGaps(now: number): void {
    if (this.#beats.gapCount === this.#gaps) return void (this.#ended = null);
    const gaps = this.#beats.gapsSince(this.#gaps);
    this.#gaps = this.#beats.gapCount;
    let count = this.#gaps - gaps.length;
    for (const gap of gaps) {
      count++;
      const seen = this.#ended?.start === gap.start ? this.#ended : null;
      const stall = seen ?? new Stall(gap.start, this.#reading);
      if (seen === null) stall.end(gap, this.#read());
      this.#settling.push({ stall, count, due: now + SETTLING, profile: this.#env.profile?.over(gap.start, gap.end) });
    }
    this.#ended = null;
  }

  #settle(now: number): void {
    if (this.#settling.length === 0) return;
    const due = this.#settling.filter((s) => s.due <= now);
    this.#settling = this.#settling.filter((s) => s.due > now);
    for (const settled of due) {
      if (settled.profile === undefined) this.#conclude(settled);
      else void this.#concludeWith(settled.profile, settled);
    }
  }

  #rest(now: number): void {
    const calm = this.#stall === null && this.#settling.length === 0;
    this.#env.profile?.tick(calm);
    if (!calm || now < this.#attachedUntil || this.#env.profile !== undefined) return;
    this.#attachedUntil = Infinity;
    this.#env.link?.close();
  }

  async #concludeWith(profile: Promise<Profiled>, settled: Settling): Promise<void> {
    this.#profiling.add(settled);
    const profiled = await profile;
    if (this.#profiling.delete(settled)) this.#conclude(settled, profiled);
  }

  #conclude({ stall, count }: Pick<Settling, 'stall' | 'count'>, { functions, seen }: Profiled = unprofiled): void {
    this.#beats.told = Math.max(count, this.#beats.told);
    const gap = stall.gap as Gap;
    const { start, end, ignored } = gap;
    const active = activeIn(gap, seen);
    stall.gap = { ...gap, active };
    const { threshold } = this.#options;
    const busy = active - ignored;
    if (busy >= threshold) {
      const told = this.#told(stall, busy, stall.blame(functions, this.#lines), true);
      if (this.#options.worker !== true || told.cause !== 'suspended') this.#env.teller.block(told);
      return;
    }
    // The loop waited for events, and yet the beat did not come: nobody ran at all, or this thread got no CPU.
    const still = end - start - ignored;
    const told = this.#told(stall, still, { confidence: 'none', hits: 0 }, true);
    if (still >= threshold && told.cause === 'suspended') this.#env.teller.block(told);
  }

  #told(stall: Stall, duration: number, blame: ReturnType<Stall['blame']>, over = false): Told {
    const signals = stall.signals(duration, this.#read());
    const cause = over ? stall.cause(signals, this.#beats.loopStart, this.#beats.preloaded) : 'unknown';
    const nobodys = cause === 'suspended';
    // The loop waited for events before it was blocked, not after: it would have beaten then.
    const begin = stall.gap === null || nobodys ? stall.start : Math.max(stall.start, stall.gap.end - stall.gap.active);
    const { task } = stall;
    const { maps, clock } = this.#env;
    const { confidence, where, stack, hits } = nobodys ? ({ confidence: 'none', hits: 0 } as ReturnType<Stall['blame']>) : blame;
    const report: Omit<SlowReport, 'message'> = {
      at: Date.now() - (clock() - begin),
      duration,
      threshold: this.#options.threshold,
      cause,
      confidence,
      ...(where !== undefined && { where: { ...maps.frame(where), ...(where.native !== undefined && { native: where.native }) } }),
      ...(stack !== undefined && { stack: stack.map((raw) => maps.frame(raw)) }),
      ...(task !== undefined && !nobodys && { task }),
      thread: this.#options.thread ?? 0,
      cpu: { run: signals.run ?? 0, runQueue: signals.runQueue, gc: signals.gc, callbacks: Math.max(1, signals.callbacks) },
      samples: stall.samples,
    };
    const stacks = nobodys
      ? []
      : stall.stacks(begin).map(({ ms, count, frames }) => ({ ms, count, frames: frames.map((raw) => maps.frame(raw)) }));
    return { ...report, hits, debug: this.#options.debug, stacks };
  }

  /** Tells what is known so far, at once, and lets go of the thread. */
  stop(): void {
    const now = this.#env.clock();
    this.#arming.look(now, this.#beats.last);
    this.#over();
    this.#collectGaps(now);
    for (const settled of [...this.#profiling, ...this.#settling]) this.#conclude(settled);
    this.#profiling.clear();
    this.#settling = [];
    this.#env.link?.close();
  }
}
