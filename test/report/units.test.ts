import { expect, test } from 'vitest';
import { count, duration, percent, times } from '../../src/report/units.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

test.each([
  [0, '0 ms'],
  [0.42, '0.4 ms'],
  [9.94, '9.9 ms'],
  [9.96, '10 ms'],
  [100, '100 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [1400, '1.4 s'],
  [3412, '3.41 s'],
  [60_000, '60 s'],
  [99_960, '1 min 40 s'],
  [120_000, '2 min'],
  [3_600_000, '1 h'],
  [11_520_000, '3 h 12 min'],
  [90_000_000, '1 d 1 h'],
])('%d ms reads %s', (ms, text) => {
  expect(plain(duration(ms))).toBe(text);
});

test('a unit is never parted from its number', () => {
  expect(duration(11_520_000)).not.toContain(' ');
  expect(percent(0.5)).not.toContain(' ');
});

test('shares keep what is small', () => {
  expect([0, 0.0001, 0.004, 0.0994, 0.71, 1].map((share) => plain(percent(share)))).toEqual([
    '0 %',
    '< 0.1 %',
    '0.4 %',
    '9.9 %',
    '71 %',
    '100 %',
  ]);
});

test('counts are grouped, and small ones are words', () => {
  expect([0, 999, 1000, 1_234_567].map((n) => count(n))).toEqual(['0', '999', '1,000', '1,234,567']);
  expect([1, 2, 12, 1200].map((n) => times(n))).toEqual(['once', 'twice', '12 times', '1,200 times']);
});
