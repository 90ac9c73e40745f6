import { expect, test } from 'vitest';
import { inTurn } from '../../src/monitor/in-turn.ts';

test('a listener hears in a microtask, in the order of the calls', async () => {
  const heard: unknown[] = [];
  const listener = inTurn((...args: number[]) => void heard.push(args));
  listener(1, 2);
  listener(3);
  expect(heard).toEqual([]);
  await Promise.resolve();
  expect(heard).toEqual([[1, 2], [3]]);
});
