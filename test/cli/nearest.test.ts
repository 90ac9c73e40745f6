import { expect, test } from 'vitest';
import { didYouMean, nearest, slips } from '../../src/cli/nearest.ts';

test('slips counts letters added, lost, replaced and swapped', () => {
  expect([slips('dump', 'dump'), slips('dmp', 'dump'), slips('dumpp', 'dump'), slips('dunp', 'dump'), slips('dupm', 'dump')]).toEqual([
    0, 1, 1, 1, 1,
  ]);
  expect(slips('', 'run')).toBe(3);
});

test('the nearest name is found for a slip, and for the beginning of one name only', () => {
  const names = ['run', 'report', 'dump', 'top', 'ps', 'pstree'];
  expect(nearest('rnu', names)).toBe('run');
  expect(nearest('reprot', names)).toBe('report');
  expect(nearest('pst', names)).toBe('pstree');
  expect(nearest('profile', names)).toBeUndefined();
});

test('nothing is suggested for what is like nothing', () => {
  expect(didYouMean('frobnicate', ['run', 'dump'])).toBe('');
  expect(didYouMean('dupm', ['run', 'dump'])).toBe('; did you mean dump?');
});
