import { expect, test } from 'vitest';
import { ignoreBlocks, ignoredTime, onIgnore } from '../../src/monitor/ignore-blocks.ts';

const burn = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end;);
};

test('the time of the call is known, also of one that throws, nested ones once', () => {
  const before = ignoredTime();
  expect(ignoreBlocks(() => ignoreBlocks(() => (burn(10), 'value')))).toBe('value');
  expect(() =>
    ignoreBlocks(() => {
      burn(10);
      throw new Error('mine');
    }),
  ).toThrow('mine');
  expect(ignoredTime() - before).toBeGreaterThanOrEqual(20);
  const after = ignoredTime();
  burn(5);
  expect(ignoredTime()).toBe(after);
});

test('monitors hear of its begin and end, until they do not listen any more', () => {
  const heard: boolean[] = [];
  const stop = onIgnore((on) => heard.push(on));
  ignoreBlocks(() => ignoreBlocks(() => expect(heard).toEqual([true])));
  stop();
  ignoreBlocks(() => {});
  expect(heard).toEqual([true, false]);
});

test('what is not a function is refused', () => {
  expect(() => ignoreBlocks(5 as never)).toThrow(/Expected fn to be a function/);
});
