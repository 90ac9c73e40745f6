/** With workers, the contract suite tells (17): this is where there are none. */
import { describe, expect, it } from 'vitest';
import type { Executor } from '../../src/executors/executor.ts';
import { ExportedFunction } from '../../src/executors/exported.ts';
import { failure } from '../support/virtual.ts';

const inline = {
  submit: async (fn: (...a: unknown[]) => unknown, args: unknown[]) => fn(...args),
  statistics: () => ({ kind: 'inline' }),
} as unknown as Executor;

describe('a call of a function that may be a generator', () => {
  it('can be iterated when it is one', async () => {
    const rows = function* (n: number): Generator<number> {
      for (let i = 0; i < n; i++) yield i;
    };
    const items = new ExportedFunction(rows, rows).call(it, [3], { executor: inline }) as AsyncIterable<number>;
    const all: number[] = [];
    for await (const item of items) all.push(item);
    expect(all).toEqual([0, 1, 2]);
  });

  it('can be awaited when it is none, and says so when it is iterated', async () => {
    const twice = (n: number): number => 2 * n;
    const call = (): unknown => new ExportedFunction(twice as never, twice as never).call(it, [3], { executor: inline });
    expect(await call()).toBe(6);
    expect(await failure((call() as AsyncIterator<number>).next())).toMatchObject({ name: 'TypeError' });
  });
});
