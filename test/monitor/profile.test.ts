import { expect, test } from 'vitest';
import { busiest, samplesIn } from '../../src/monitor/profile.ts';
import type { CpuProfile } from '../../src/monitor/profile.ts';

const call = (functionName: string, url = '', lineNumber = -1) => ({ functionName, url, lineNumber, columnNumber: 0 });
const nodes: CpuProfile['nodes'] = [
  { id: 1, callFrame: call('(root)'), children: [2, 3, 6] },
  { id: 2, callFrame: call('(idle)') },
  {
    id: 3,
    callFrame: call('hot', 'file:///app/a.js', 9),
    children: [4, 5],
    positionTicks: [
      { line: 12, ticks: 3 },
      { line: 14, ticks: 1 },
    ],
  },
  { id: 4, callFrame: call('cool', 'file:///app/a.js', 19), positionTicks: [{ line: 21, ticks: 1 }] },
  { id: 5, callFrame: call('compile', '', -1) },
  { id: 6, callFrame: call('(garbage collector)') },
];
const window = (samples: number[], startTime = 0): CpuProfile => ({
  nodes,
  startTime,
  endTime: startTime + samples.length * 5e3,
  samples,
  timeDeltas: samples.map(() => 5e3),
});

test('functions of the program, busiest first, with the lines they were seen on', () => {
  const [first, second, ...rest] = busiest([window([3, 3, 3, 4, 2, 6])], 0, 1000);
  expect(first).toEqual({
    fn: 'hot',
    file: 'file:///app/a.js',
    line: 10,
    column: 1,
    ticks: 3,
    lines: [
      [12, 3],
      [14, 1],
    ],
  });
  expect(second).toMatchObject({ fn: 'cool', line: 20, ticks: 1, lines: [[21, 1]] });
  expect(rest).toEqual([]);
});

test('what a function calls outside of the program counts for it, and is named when it was most', () => {
  expect(busiest([window([5, 5, 5, 3])], 0, 1000)).toMatchObject([{ fn: 'hot', ticks: 4, native: 'compile' }]);
  expect(busiest([window([5, 3, 3, 3])], 0, 1000)[0]).not.toHaveProperty('native');
});

test('when the loop was seen waiting, and when not; overlapping windows count once', () => {
  expect(samplesIn([window([2, 2, 3]), window([2, 3], 5e3)], 5, 15)).toEqual([
    { at: 5, idle: true },
    { at: 10, idle: true },
    { at: 15, idle: false },
  ]);
});

test('only the stretch asked for counts, and overlapping windows count once', () => {
  const windows = [window([3, 3, 4, 4]), window([3, 3, 4, 4])];
  expect(busiest(windows, 12, 21)).toMatchObject([{ fn: 'cool', ticks: 2 }]);
});
