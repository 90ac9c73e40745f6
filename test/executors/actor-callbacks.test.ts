import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, it, vi } from 'vitest';
import { ActorCallbacks } from '../../src/executors/actor-callbacks.ts';
import { markCallback } from '../../src/wire/callback-mark.ts';
import { LoopCallbacks } from '../../workers/actor-callbacks.ts';
import { endpoints, Pair } from '../support/actor-pair.ts';

class Caller {
  #kept: ((n: unknown) => unknown) | null = null;
  call(fn: (n: unknown) => unknown, n: unknown): unknown {
    return fn(n);
  }
  keep(fn: (n: unknown) => unknown): void {
    this.#kept = fn;
  }
  async callKept(n: unknown): Promise<unknown> {
    return await this.#kept!(n);
  }
}

it('run with their arguments where they were made, and in the async context of the call that passed them', async () => {
  const { remote } = await Pair.of(Caller);
  const storage = new AsyncLocalStorage<string>();
  await storage.run('of the passing call', () => remote.keep(markCallback((n) => [n, storage.getStore()])));
  expect(await remote.callKept(5)).toEqual([5, 'of the passing call']);
});

it('give errors back as they are, also when an argument or a result cannot be cloned', async () => {
  const { remote } = await Pair.of(Caller);
  const failing = markCallback(() => {
    throw new RangeError('in the loop');
  });
  await expect(remote.call(failing, 1)).rejects.toThrow(new RangeError('in the loop'));
  await expect(remote.call(markCallback(() => () => 1), 1)).rejects.toMatchObject({ path: 'result' }); // prettier-ignore
});

it('an argument of a callback that cannot be cloned is an error in the worker', async () => {
  const [near, far] = endpoints();
  const fn = new LoopCallbacks(far).standIn(new ActorCallbacks(near).numberOf(() => 1));
  await expect(fn(() => 2)).rejects.toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE', path: 'args[0]' });
  expect(await fn()).toBe(1);
});

it('are forgotten when the worker says that nobody can call them', async () => {
  const [near, far] = endpoints();
  const callbacks = new ActorCallbacks(near);
  const number = callbacks.numberOf(() => 1);
  expect(callbacks.size).toBe(1);
  const gone = new LoopCallbacks(far).standIn(number);
  expect(await gone()).toBe(1);
  far.postMessage({ id: 'x', type: 'APPLY', argumentList: [{ type: 'RAW', value: ['forget', number, [], false] }] } as never);
  await vi.waitFor(() => expect(callbacks.size).toBe(0));
  await expect(gone()).rejects.toThrow('this callback is gone');
});
