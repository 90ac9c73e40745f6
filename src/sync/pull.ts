/** One item of a `for await` loop. Ends with `isEnd`, or when the loop was left. */
class Pull<T> implements AsyncIterableIterator<T> {
  readonly #take: () => Promise<T>;
  readonly #isEnd: (error: unknown) => boolean;
  #left = false;

  constructor(take: () => Promise<T>, isEnd: (error: unknown) => boolean) {
    this.#take = take;
    this.#isEnd = isEnd;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#left) return { done: true, value: undefined };
    try {
      return { done: false, value: await this.#take() };
    } catch (error) {
      if (!this.#isEnd(error)) throw error;
      return { done: true, value: undefined };
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#left = true;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/**
 * Iterates over what `take` gives. Not an async generator: one that is interrupted once says `done` ever after, so that a
 * `next` under a time limit would pass off its expiry as the end of the stream.
 */
export function pull<T>(take: () => Promise<T>, isEnd: (error: unknown) => boolean): AsyncIterableIterator<T> {
  return new Pull(take, isEnd);
}
