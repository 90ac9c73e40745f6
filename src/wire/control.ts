/**
 * The control block that the loop and one worker share: a few words of memory that both read and write without a message.
 *
 * `CLAIM` packs the limit (high half) and the cursor (low half) of the current batch into one word, so that the worker's
 * claim of the next job and the loop's taking back of what has not started exclude each other by a single compare-and-swap.
 */
const CLAIM = 0; // limit << 16 | cursor
const BASE = 1; // sequence number of the batch's first job
const CANCEL = 2; // sequence number of the running job that shall stop; 0 = none
const HEAP = 3; // KiB that the worker's heap held after a recent job; 0 = not measured
const WORDS = 4;
const STARTED_AT = WORDS * 4; // byte offset of a Float64: wall-clock start of the job that was claimed last

export const MAX_BATCH = 0xffff;

export class ControlBlock {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #started: Float64Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(STARTED_AT + 8)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#started = new Float64Array(memory, STARTED_AT, 1);
  }

  /** Loop: offers a batch; the worker is between batches now. */
  offer(base: number, size: number): void {
    Atomics.store(this.#words, BASE, base);
    Atomics.store(this.#words, CANCEL, 0);
    this.#started[0] = 0;
    Atomics.store(this.#words, CLAIM, size << 16);
  }

  /** Worker: the index of the next job, or -1 when the rest was taken back or there is none. */
  claim(): number {
    for (;;) {
      const word = Atomics.load(this.#words, CLAIM);
      const cursor = word & 0xffff;
      if (cursor >= word >>> 16) return -1;
      this.#started[0] = wallClock();
      if (Atomics.compareExchange(this.#words, CLAIM, word, word + 1) === word) return cursor;
    }
  }

  /** Loop: takes back every job that the worker has not claimed; returns how many jobs were claimed. */
  revoke(): number {
    for (;;) {
      const word = Atomics.load(this.#words, CLAIM);
      const cursor = word & 0xffff;
      if (cursor >= word >>> 16) return cursor;
      if (Atomics.compareExchange(this.#words, CLAIM, word, (cursor << 16) | cursor) === word) return cursor;
    }
  }

  /** Loop: how many jobs of the batch the worker has claimed; the last of them is running, if no reply has come. */
  get claimed(): number {
    return Atomics.load(this.#words, CLAIM) & 0xffff;
  }

  /** Loop: when the job that was claimed last began, in wall-clock milliseconds; 0 = not yet. */
  get startedAt(): number {
    return this.#started[0] as number;
  }

  /** Worker: the job that was claimed last begins only now (true), or not yet (false): loading its module must not count. */
  begin(now: boolean): void {
    this.#started[0] = now ? wallClock() : 0;
  }

  /** Loop: asks the running job to stop. */
  requestCancel(sequence: number): void {
    Atomics.store(this.#words, CANCEL, sequence);
  }

  /** Worker: the sequence number of the job at `index`. */
  sequence(index: number): number {
    return Atomics.load(this.#words, BASE) + index;
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
export type LoopControl = Pick<ControlBlock, 'offer' | 'revoke' | 'claimed' | 'startedAt' | 'requestCancel' | 'heapUsed'>;

/** The worker's half. */
export type WorkerControl = Pick<ControlBlock, 'claim' | 'begin' | 'sequence' | 'mustStop' | 'tellHeap'>;

/** Comparable between threads, unlike `performance.now()`, and not set back by a clock change while they run. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}
