/** A generator that runs where it is called, with the face of an offloaded one: inside a worker, or in an executor without workers. */
import { types } from 'node:util';
import { wrongType } from '../base/validate.ts';
import { here } from '../core/scope.ts';
import type { MaybePromise } from '../core/task.ts';

type Items = AsyncIterableIterator<unknown> & AsyncDisposable;

/** `open` is called by the first `next()`. Each `next()` is a checkpoint; one in a cancelled scope ends the generator. */
export function localStream(open: () => MaybePromise<unknown>): Items {
  const items = through(open);
  const leave = async (): Promise<IteratorResult<unknown, undefined>> => {
    await items.return(undefined);
    return { done: true, value: undefined };
  };
  return {
    async next() {
      const scope = here();
      if (scope.effective === null) return items.next();
      await leave();
      throw scope.interrupt();
    },
    return: leave,
    async [Symbol.asyncDispose]() {
      await leave();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* through(open: () => MaybePromise<unknown>): AsyncGenerator<unknown, undefined, void> {
  const generator = await open();
  if (!types.isGeneratorObject(generator)) throw wrongType('what the function returned', 'a generator', generator);
  yield* generator as Iterable<unknown> | AsyncIterable<unknown>;
}
