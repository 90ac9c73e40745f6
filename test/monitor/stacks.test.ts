import { expect, test } from 'vitest';
import { stacksOf } from '../../src/monitor/stacks.ts';
import { frame, sample } from '../support/samples.ts';

const [inner, outer] = [frame('inner', 5), frame('outer', 9)];

test('equal stacks are one, for the time since the answer before', () => {
  const samples = [sample(80, [inner, outer]), sample(90, [inner, outer]), sample(100, [frame('inner', 6), outer])];
  const stacks = stacksOf(samples, 0);
  expect(stacks.map(({ count, frames }) => [count, frames.map(({ fn, line }) => `${fn}:${line}`)])).toEqual([
    [2, ['inner:5', 'outer:9']],
    [1, ['inner:6', 'outer:9']],
  ]);
  expect(stacks[0]!.ms).toBeCloseTo(90.2);
  expect(stacks[1]!.ms).toBeCloseTo(10);
});

test('what the program had called is on top, without a file; what is not of the program is left out', () => {
  const node = { ...frame('processTimers', 1), file: 'node:internal/timers' };
  const join = { ...frame('Array.join', 0), file: '' };
  expect(stacksOf([sample(10, [join, inner, node])], 0)[0]!.frames.map(({ fn, file }) => [fn, file])).toEqual([
    ['Array.join', ''],
    ['inner', '/app/a.js'],
  ]);
  expect(stacksOf([sample(10, [inner], { native: 'JSON.parse' })], 0)[0]!.frames[0]).toMatchObject({ fn: 'JSON.parse', file: '' });
  expect(stacksOf([sample(10, [node])], 0)).toEqual([]);
});

test('a long block has no more than its 24 heaviest stacks', () => {
  const samples = Array.from({ length: 500 }, (_, i) => sample(i * i, [frame('f', i)]));
  const stacks = stacksOf(samples, 0);
  expect(stacks).toHaveLength(24);
  expect(stacks[0]!.frames[0]!.line).toBe(499);
});
