/** What the caller of an offloaded generator holds. The stream behind it begins with the first `next()`, and ends at the latest when nobody holds the handle. */
import { here } from '../core/scope.ts';
import type { Item, Stream } from './stream.ts';

const abandoned = new FinalizationRegistry<Stream>((stream) => stream.forgotten());
const END: Item = Object.freeze({ done: true, value: undefined });

export class StreamHandle implements AsyncIterableIterator<unknown>, AsyncDisposable {
  #stream: Stream | null = null;
  #begin: (() => Stream) | null;

  constructor(begin: () => Stream) {
    this.#begin = begin;
  }

  next(): Promise<Item> {
    return this.#stream === null ? this.#first() : this.#stream.next(this);
  }

  #first(): Promise<Item> {
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    return this.begin()?.next(this) ?? Promise.resolve(END);
  }

  /** Null when it was left before it began. */
  begin(): Stream | null {
    if (this.#begin === null) return this.#stream;
    const stream = this.#begin();
    this.#begin = null;
    abandoned.register(this, stream);
    return (this.#stream = stream);
  }

  async return(): Promise<Item> {
    this.#begin = null;
    await this.#stream?.leave();
    return END;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
