/**
 * The control block that the loop and one worker share: memory that both read and write without a message.
 *
 * Each job sent to the worker has a sequence number, counted by both sides, and a place in a ring of states. The worker claims
 * a job and the loop takes it back by a compare-and-swap of the same word, so that a job is either run there or given to
 * another, whatever is posted and heard when. Taking back one job leaves its neighbours alone.
 *
 * What a job returned stands here too when it is a plain number, boolean, null or undefined: the loop finds it although the
 * worker is held up by its next job and can post nothing.
 */
const CANCEL = 0; // sequence number of the running job that shall stop; -1 = none
const CURRENT = 1; // sequence number of the job that was claimed last
const HEAP = 2; // KiB that the worker's heap held after a recent job; 0 = not measured
const WORDS = 4;

/** How many jobs may be on their way to one worker, and back, at once. */
export const RING = 512;
const MASK = RING - 1;
/** Sequence numbers wrap here; a multiple of the ring. */
const LAST_SEQUENCE = 0x3fffffff;

// Who may change a state: the loop what is OFFERED (or over), the worker what is OFFERED or CLAIMED.
const OFFERED = 1;
const TAKEN = 2; // taken back by the loop
const PASSED = 3; // taken back, and the worker knows
const CLAIMED = 4; // running
const POSTED = 5; // over; its outcome comes in a message
const IS_NUMBER = 6; // over, with this value …
const IS_UNDEFINED = 7;
const IS_NULL = 8;
const IS_TRUE = 9;
const IS_FALSE = 10;

const KEPT: readonly unknown[] = [undefined, null, true, false];

export function nextSequence(sequence: number, by = 1): number {
  return (sequence + by) & LAST_SEQUENCE;
}

export class ControlBlock {
  readonly memory: SharedArrayBuffer;
  readonly #started: Float64Array; // wall-clock start of the job that was claimed last; 0 = not yet
  readonly #numbers: Float64Array;
  readonly #times: Float64Array;
  readonly #words: Int32Array;
  readonly #states: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8 + RING * 20 + WORDS * 4)) {
    this.memory = memory;
    this.#started = new Float64Array(memory, 0, 1);
    this.#numbers = new Float64Array(memory, 8, RING);
    this.#times = new Float64Array(memory, 8 + RING * 8, RING);
    this.#states = new Int32Array(memory, 8 + RING * 16, RING);
    this.#words = new Int32Array(memory, 8 + RING * 20, WORDS);
  }

  /** Loop: offers the jobs from `first` on; their places in the ring are free. */
  offer(first: number, count: number): void {
    for (let i = 0; i < count; i++) Atomics.store(this.#states, (first + i) & MASK, OFFERED);
  }

  /** Worker: begins a job. False: it was taken back. */
  claim(sequence: number, at: number = wallClock()): boolean {
    const place = sequence & MASK;
    Atomics.store(this.#words, CANCEL, -1); // of a job before: numbers come again after a while
    this.#started[0] = at;
    if (Atomics.compareExchange(this.#states, place, OFFERED, CLAIMED) === OFFERED) {
      Atomics.store(this.#words, CURRENT, sequence);
      return true;
    }
    Atomics.store(this.#states, place, PASSED);
    return false;
  }

  /** Loop: takes a job back. False: the worker has begun it. */
  takeBack(sequence: number): boolean {
    return Atomics.compareExchange(this.#states, sequence & MASK, OFFERED, TAKEN) === OFFERED;
  }

  hasBegun(sequence: number): boolean {
    return Atomics.load(this.#states, sequence & MASK) >= CLAIMED;
  }

  isRunning(sequence: number): boolean {
    return Atomics.load(this.#states, sequence & MASK) === CLAIMED;
  }

  /** Loop: the worker has gone past this job, which was taken back. */
  hasPassed(sequence: number): boolean {
    return Atomics.load(this.#states, sequence & MASK) === PASSED;
  }

  /** The job that the worker claimed last, and what came before is over. */
  get current(): number {
    return Atomics.load(this.#words, CURRENT);
  }

  /** Loop: when the job that was claimed last began, in wall-clock milliseconds; 0 = not yet. */
  get startedAt(): number {
    return this.#started[0] as number;
  }

  /** Worker: the job that was claimed last begins only now (true), or not yet (false): loading its module must not count. */
  begin(now: boolean): void {
    this.#started[0] = now ? wallClock() : 0;
  }

  /** Worker: the job is over. False: its result cannot stand here, and must be posted. */
  keep(sequence: number, result: unknown, ms: number): boolean {
    const state = stateOf(result);
    if (state === 0) return false;
    const place = sequence & MASK;
    if (state === IS_NUMBER) this.#numbers[place] = result as number;
    this.#times[place] = ms;
    Atomics.store(this.#states, place, state);
    return true;
  }

  /** Worker: the job is over, and its outcome is about to be posted. */
  posted(sequence: number): void {
    Atomics.store(this.#states, sequence & MASK, POSTED);
  }

  /** Loop: whether a result stands here. */
  isKept(sequence: number): boolean {
    return Atomics.load(this.#states, sequence & MASK) >= IS_NUMBER;
  }

  /** Loop: the result that stands here. */
  kept(sequence: number): unknown {
    const place = sequence & MASK;
    const state = this.#states[place] as number;
    return state === IS_NUMBER ? this.#numbers[place] : KEPT[state - IS_UNDEFINED];
  }

  /** Loop: the running time of a job whose result stands here. */
  keptTime(sequence: number): number {
    return this.#times[sequence & MASK] as number;
  }

  /** Loop: asks the running job to stop. */
  requestCancel(sequence: number): void {
    Atomics.store(this.#words, CANCEL, sequence);
  }

  /** Worker: after a job, when the loop wants to know. */
  tellHeap(bytes: number): void {
    Atomics.store(this.#words, HEAP, Math.ceil(bytes / 1024));
  }

  /** Loop: megabytes that the worker's heap held after a recent job; 0 = not measured. */
  get heapUsed(): number {
    return Atomics.load(this.#words, HEAP) / 1024;
  }

  /** Worker: one load, cheap enough for a tight loop. */
  mustStop(sequence: number): boolean {
    return Atomics.load(this.#words, CANCEL) === sequence;
  }
}

/** The loop's half of it. Where no memory can be shared, `control-file.ts` does the same in a file. */
export type LoopControl = Pick<
  ControlBlock,
  | 'offer'
  | 'takeBack'
  | 'hasBegun'
  | 'isRunning'
  | 'hasPassed'
  | 'current'
  | 'startedAt'
  | 'isKept'
  | 'kept'
  | 'keptTime'
  | 'requestCancel'
  | 'heapUsed'
>;

/** The worker's half. */
export type WorkerControl = Pick<ControlBlock, 'claim' | 'begin' | 'keep' | 'posted' | 'mustStop' | 'tellHeap'>;

function stateOf(result: unknown): number {
  if (typeof result === 'number') return IS_NUMBER;
  if (result === undefined) return IS_UNDEFINED;
  if (result === null) return IS_NULL;
  return result === true ? IS_TRUE : result === false ? IS_FALSE : 0;
}

const { timeOrigin } = performance;

/** Comparable between threads, unlike `performance.now()`, and not set back by a clock change while they run. */
export function wallClock(): number {
  return timeOrigin + performance.now();
}
