/**
 * Notices generators that yield the same object again and again with new contents, or views of the same buffer. Items are
 * copied when their batch is sent, which may be after the generator went on: such an item would arrive with the contents of
 * a later one. The first item always travels alone, so the second use is noticed before any harm is done.
 */
import { isPlain } from '../src/wire/clone-path.ts';

/** Who reuses objects does so from the start; after so many items only the previous one is looked at. */
const LOOK_AT = 256;

export class ReuseWatch {
  readonly #seen = new WeakSet<object>();
  #looks = LOOK_AT;
  #last: unknown = undefined;
  #reused = false;

  /** True when items must be sent before the generator goes on. */
  sees(item: unknown): boolean {
    if (typeof item !== 'object' || item === null || this.#reused) return this.#reused;
    if (item === this.#last) return (this.#reused = true);
    this.#last = item;
    if (this.#looks > 0) this.#look(item);
    return this.#reused;
  }

  #look(item: object): void {
    this.#looks--;
    this.#note(memoryOf(item) ?? item);
    if (Array.isArray(item) || !isPlain(item)) return;
    for (const part of Object.values(item) as unknown[]) {
      const memory = typeof part === 'object' && part !== null ? memoryOf(part) : null;
      if (memory !== null) this.#note(memory);
    }
  }

  #note(object: object): void {
    if (this.#seen.has(object)) this.#reused = true;
    else this.#seen.add(object);
  }
}

/** Not `Buffer.poolSize`: since Node 26 the shared memory is a little larger than that. */
const POOL_BYTES = Buffer.allocUnsafe(1).buffer.byteLength;

/** Small Buffers sit side by side in a shared one, and are not reused for that. */
function memoryOf(value: object): object | null {
  if (!ArrayBuffer.isView(value)) return value instanceof ArrayBuffer ? value : null;
  return Buffer.isBuffer(value) && value.byteLength < Buffer.poolSize >>> 1 && value.buffer.byteLength === POOL_BYTES ? null : value.buffer;
}
