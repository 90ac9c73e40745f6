/**
 * The heartbeat: memory that the watched thread writes and the watchdog reads, whatever the other one is doing.
 *
 * Each beat tells when the loop turned. A gap, a pause between two beats that was long enough to matter, is noted by the
 * watched thread itself in a small ring: so a watchdog that got no CPU misses no block, it only knows less about it.
 */
import type { Poll } from './turns.ts';

/** A pause between two beats. Times on `process.hrtime`, in milliseconds. */
export interface Gap {
  readonly start: number;
  readonly end: number;
  /** For how much of it the loop was busy; the rest it waited for events. */
  readonly active: number;
  /** CPU time of the thread, NaN where Node cannot tell. */
  readonly cpu: number;
  /** For how much of it the user asked not to be told. */
  readonly ignored: number;
  /** How long the thread was ready and had no CPU; known from the thread itself only at its beginning. */
  readonly queued?: number;
  /** With a profile: the last time the loop waited. */
  readonly poll?: Poll;
}

export interface Beat {
  readonly count: number;
  readonly at: number;
}

// Float64 slots.
const AT = 0;
const GC = 1;
const IGNORED = 2;
const LOOP_START = 3;
const LATE_MAX = 4;
const LATE_SUM = 5;
const BUSY = 6;
const TAKEN = 7;
const RING = 8;
const GAPS = 16;
const FIELDS = 9;
const FLOATS = RING + GAPS * FIELDS;
// Int32 words behind them.
const COUNT = 0;
const GAP_COUNT = 1;
const STOPPED = 2;
const IGNORING = 3;
const CALLED = 4;
const TOLD = 5;
const ATTACHED = 6;
const RELEASED = 7;
const OS_THREAD = 8;
const PRELOADED = 9;
const WORDS = 10;

const nowhere: Poll = { from: Number.NaN, to: Number.NaN, idle: Number.NaN };

export class Heartbeat {
  readonly shared: SharedArrayBuffer;
  readonly #floats: Float64Array;
  readonly #words: Int32Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(FLOATS * 8 + WORDS * 4)) {
    this.shared = shared;
    this.#floats = new Float64Array(shared, 0, FLOATS);
    this.#words = new Int32Array(shared, FLOATS * 8, WORDS);
  }

  // The watched thread writes.

  beat(at: number): void {
    this.#floats[AT] = at;
    Atomics.add(this.#words, COUNT, 1);
  }

  /** Nothing is in progress: the next beat may be long in coming. */
  rest(): void {
    this.beat(Infinity);
  }

  /** By how much a beat was late, and for how long the loop was busy before it. */
  noteLag(late: number, active: number): void {
    if (late > this.#floats[LATE_MAX]!) this.#floats[LATE_MAX] = late;
    this.#floats[LATE_SUM] = this.#floats[LATE_SUM]! + late;
    this.#floats[BUSY] = this.busy + active;
  }

  noteGap(gap: Gap): void {
    const n = Atomics.load(this.#words, GAP_COUNT);
    const { from, to, idle } = gap.poll ?? nowhere;
    const fields = [gap.start, gap.end, gap.active, gap.cpu, gap.ignored, gap.queued ?? Number.NaN, from, to, idle];
    this.#floats.set(fields, RING + (n % GAPS) * FIELDS);
    Atomics.store(this.#words, GAP_COUNT, n + 1);
  }

  set gc(ms: number) {
    this.#floats[GC] = ms;
  }

  /** When the loop of the process first turned; 0 until then. */
  set loopStart(at: number) {
    this.#floats[LOOP_START] = at;
  }

  ignore(ms: number): void {
    this.#floats[IGNORED] = this.ignored + ms;
  }

  set ignoring(on: boolean) {
    Atomics.store(this.#words, IGNORING, on ? 1 : 0);
  }

  /** The watch began before the program was loaded. */
  set preloaded(on: boolean) {
    Atomics.store(this.#words, PRELOADED, on ? 1 : 0);
  }

  get preloaded(): boolean {
    return Atomics.load(this.#words, PRELOADED) === 1;
  }

  /** The number of the thread in the system; 0: not known. */
  set osThread(number: number) {
    Atomics.store(this.#words, OS_THREAD, number);
  }

  get osThread(): number {
    return Atomics.load(this.#words, OS_THREAD);
  }

  /** Calls the watchdog out of its sleep; it sleeps no more after that. */
  call(): void {
    Atomics.store(this.#words, CALLED, 1);
    Atomics.notify(this.#words, CALLED);
  }

  /** Waits until the watchdog has let go of this thread. */
  awaitStopped(ms: number): boolean {
    return Atomics.wait(this.#words, STOPPED, 0, ms) !== 'timed-out';
  }

  /** Lets the watchdog end: this thread has heard all that it was asked. */
  release(): void {
    Atomics.store(this.#words, RELEASED, 1);
    Atomics.notify(this.#words, RELEASED);
  }

  // The watchdog reads.

  get called(): boolean {
    return Atomics.load(this.#words, CALLED) === 1;
  }

  /** Sleeps without an event loop. False when it was called. */
  sleep(ms: number): boolean {
    return Atomics.wait(this.#words, CALLED, 0, ms) === 'timed-out';
  }

  get last(): Beat {
    for (;;) {
      const count = Atomics.load(this.#words, COUNT);
      const at = this.#floats[AT]!;
      if (Atomics.load(this.#words, COUNT) === count) return { count, at };
    }
  }

  /** Milliseconds the loop was busy, in all. */
  get busy(): number {
    return this.#floats[BUSY]!;
  }

  /** How late the beats were since this was last asked. Only one may ask. */
  takeLag(): { max: number; sum: number; beats: number } {
    const count = Atomics.load(this.#words, COUNT);
    const [max, sum] = [this.#floats[LATE_MAX]!, this.#floats[LATE_SUM]!];
    const beats = count - this.#floats[TAKEN]!;
    this.#floats[LATE_MAX] = 0;
    this.#floats[LATE_SUM] = 0;
    this.#floats[TAKEN] = count;
    return { max, sum, beats };
  }

  get gc(): number {
    return this.#floats[GC]!;
  }

  get loopStart(): number {
    return this.#floats[LOOP_START]!;
  }

  get ignored(): number {
    return this.#floats[IGNORED]!;
  }

  get ignoring(): boolean {
    return Atomics.load(this.#words, IGNORING) === 1;
  }

  get gapCount(): number {
    return Atomics.load(this.#words, GAP_COUNT);
  }

  /** The watchdog's inspector is attached: a process that ends meanwhile would wait for it. */
  get attached(): boolean {
    return Atomics.load(this.#words, ATTACHED) === 1;
  }

  set attached(on: boolean) {
    Atomics.store(this.#words, ATTACHED, on ? 1 : 0);
  }

  /** How many of the gaps have been reported, or were not worth it: a watchdog that comes in place of another begins there. */
  get told(): number {
    return Atomics.load(this.#words, TOLD);
  }

  set told(count: number) {
    Atomics.store(this.#words, TOLD, count);
  }

  /** Gaps from the `first` on, as far as the ring still has them. */
  gapsSince(first: number): Gap[] {
    const count = this.gapCount;
    const gaps: Gap[] = [];
    for (let n = Math.max(first, count - GAPS); n < count; n++) {
      const at = RING + (n % GAPS) * FIELDS;
      const [start = 0, end = 0, active = 0, cpu = 0, ignored = 0, ...rest] = this.#floats.subarray(at, at + FIELDS);
      const [queued = 0, from = 0, to = 0, idle = 0] = rest;
      const poll = Number.isNaN(from) ? {} : { poll: { from, to, idle } };
      gaps.push({ start, end, active, cpu, ignored, ...(!Number.isNaN(queued) && { queued }), ...poll });
    }
    return gaps;
  }

  tellStopped(): void {
    Atomics.store(this.#words, STOPPED, 1);
    Atomics.notify(this.#words, STOPPED);
  }

  /** Waits until the watched thread has heard all that it was asked. */
  awaitReleased(ms: number): boolean {
    return Atomics.wait(this.#words, RELEASED, 0, ms) !== 'timed-out';
  }
}
