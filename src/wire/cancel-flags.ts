/**
 * Which calls shall stop, in memory that both sides see: code that never yields gets no message. A few words are enough,
 * because only the one call that computes right now depends on them; all others also get the message.
 */
const WORDS = 64;

export class CancelFlags {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(WORDS * 4)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** Numbers count from 1. */
  raise(call: number): void {
    Atomics.store(this.#words, call % WORDS, call | 0);
  }

  mustStop(call: number): boolean {
    return Atomics.load(this.#words, call % WORDS) === (call | 0);
  }
}
