import { expect, it } from 'vitest';
import { Tombstones } from '../../src/executors/remote-tombstones.ts';

it('what was heard is remembered until it is forgotten', () => {
  const stones = new Tombstones();
  stones.heard('a', 0);
  stones.heard('a', 2);
  expect([...(stones.of('a') ?? [])]).toEqual([0, 2]);
  stones.forget('a');
  expect(stones.of('a')).toBe(undefined);
});

it('the server is asked about what may have been missed, and about nothing else', () => {
  const stones = new Tombstones();
  expect(stones.mustAsk(100, 1)).toBe(true);
  stones.listening(50);
  expect([stones.mustAsk(100, 1), stones.mustAsk(40, 1), stones.mustAsk(100, 2)]).toEqual([false, true, true]);
  stones.deaf();
  expect(stones.mustAsk(100, 1)).toBe(true);
});

it('when there is more than can be remembered, the oldest goes, and the server is asked', () => {
  const stones = new Tombstones();
  stones.listening(0);
  for (let i = 0; i <= 10_000; i++) stones.heard(String(i), 0);
  expect([stones.of('0'), stones.of('1')?.size, stones.mustAsk(100, 1)]).toEqual([undefined, 1, true]);
});
