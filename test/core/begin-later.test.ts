import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from 'vitest';
import { beginLater } from '../../src/core/begin-later.ts';

test('each begins in a microtask of its own, in order, among the others that were asked for', async () => {
  const began: unknown[] = [];
  beginLater({ begin: () => void began.push(1) });
  void Promise.resolve().then(() => began.push('between'));
  beginLater({ begin: () => beginLater({ begin: () => void began.push('later') }) });
  beginLater({ begin: () => void began.push(2) });
  expect(began).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(began).toEqual([1, 'between', 2, 'later']);
});

test('what one enters, the next does not see; each sees the context in which it was asked for', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const begin = (): void => {
    seen.push(storage.getStore());
    storage.enterWith('leaked');
  };
  storage.run('a', () => beginLater({ begin }));
  storage.run('b', () => beginLater({ begin }));
  beginLater({ begin });
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(['a', 'b', undefined]);
});
