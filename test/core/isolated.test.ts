import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, it } from 'vitest';
import { isolated } from '../../src/core/isolated.ts';

const storage = new AsyncLocalStorage<string>();

it('each call sees what was entered where the caller was made, and nothing that another call entered', async () => {
  const seen: unknown[] = [];
  await storage.run('base', async () => {
    const calls = isolated((name: string, i: number) => {
      seen.push(storage.getStore());
      storage.enterWith(name);
      return `${storage.getStore()}${i}`;
    });
    expect([calls.call('a', 1), storage.getStore(), calls.call('b', 2), storage.getStore()]).toEqual(['a1', 'base', 'b2', 'base']);
    storage.enterWith('later');
    await Promise.resolve();
    expect([calls.call('c', 3), storage.getStore()]).toEqual(['c3', 'later']);
  });
  expect(seen).toEqual(['base', 'base', 'base']);
});

it('what a call enters holds for its own asynchronous part', async () => {
  const calls = isolated(async (name: string) => {
    storage.enterWith(name);
    await Promise.resolve();
    return storage.getStore();
  });
  expect(await Promise.all([calls.call('a', 0), calls.call('b', 1)])).toEqual(['a', 'b']);
});

it('an error comes out as it is, and the next call is in order', () => {
  const calls = isolated((n: number) => {
    storage.enterWith('left behind');
    if (n === 0) throw new RangeError('zero');
    return n;
  });
  expect(() => calls.call(0, 0)).toThrow(new RangeError('zero'));
  expect([storage.getStore(), calls.call(1, 1)]).toEqual([undefined, 1]);
});
