import { expect, test } from 'vitest';
import { activeIn } from '../../src/monitor/waited.ts';
import type { Seen } from '../../src/monitor/waited.ts';

/** A wait from 100 to 133, then 50 ms of work; a profile interrupts it each ten milliseconds. */
const poll = { from: 100, to: 133, idle: 33 };
const gap = { start: 100, end: 183, active: 50, cpu: Number.NaN, ignored: 0, poll };
const idle = (...at: number[]): Seen[] => at.map((t) => ({ at: t, idle: true }));
const busy = (...at: number[]): Seen[] => at.map((t) => ({ at: t, idle: false }));

test('without an interruption Node has counted right', () => {
  expect(activeIn(gap, [])).toBe(50);
  expect(activeIn(gap, busy(141, 151))).toBe(50);
});

test('Node counts what came before the last interruption as busy, and that is taken off', () => {
  const counted = { ...gap, active: 80, poll: { ...poll, idle: 3 } };
  expect(activeIn(counted, [...idle(110, 120, 130), ...busy(140, 150)])).toBe(50);
});

test('callbacks of the events that ended the wait are part of the block', () => {
  const served = { ...gap, active: 80, poll: { from: 99, to: 183, idle: 3 } };
  expect(activeIn(served, [...idle(110, 120, 130), ...busy(140, 150)])).toBe(50);
});

test('a sample that came when the wait was just over did not interrupt it', () => {
  const counted = { ...gap, active: 60, poll: { ...poll, to: 183, idle: 13.2 } };
  expect(activeIn(counted, [...idle(110, 120, 133.1), ...busy(143)])).toBeCloseTo(49.8);
});

test('what cannot be true is as near to it as the samples allow', () => {
  const counted = { ...gap, active: 70, poll: { ...poll, to: 183, idle: 70 } };
  expect(activeIn(counted, [...idle(110, 120), ...busy(125)])).toBe(58);
});

test('work before the wait counts, unless a sample fell into another wait there', () => {
  const twice = { ...gap, start: 60, active: 70, poll };
  expect(activeIn(twice, busy(70))).toBe(70);
  expect(activeIn({ ...twice, active: 85 }, idle(65))).toBe(50);
});

test('a loop that did not wait since its last beat was busy all the time', () => {
  expect(activeIn({ ...gap, active: 83, poll: { from: 20, to: 90, idle: 3 } }, idle(50))).toBe(83);
  const { poll: _, ...unprofiled } = gap;
  expect(activeIn(unprofiled, idle(110))).toBe(50);
});
