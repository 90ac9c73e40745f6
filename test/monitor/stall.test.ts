import { expect, test } from 'vitest';
import { Stall } from '../../src/monitor/stall.ts';
import { frame, sample } from '../support/samples.ts';

const nothing = { at: 0, time: null, gc: 0, late: 0 };
const loader = frame('run', 1, { file: 'node:internal/modules/esm/module_job' });
const gap = (start: number, end: number) => ({ start, end, active: end - start, cpu: Number.NaN, ignored: 0 });

function causeOf(start: number, loopStart: number, ...samples: Parameters<typeof sample>[1][]): string {
  const stall = new Stall(start, nothing);
  samples.forEach((frames, i) => stall.answer(sample(start + 10 * i + 10, frames)));
  stall.end(gap(start, start + 200), nothing);
  return stall.cause(stall.signals(200, nothing), loopStart);
}

test('until a second after the first turn of the loop, evaluating modules is starting up', () => {
  expect(causeOf(500, 0, [frame('top', 1), loader])).toBe('startup');
  expect(causeOf(500, 400, [frame('top', 1), loader])).toBe('startup');
  expect(causeOf(1500, 400, [frame('top', 1), loader])).toBe('javascript');
});

test('what nobody saw of the beginning is starting up only when the program was loaded under the watch', () => {
  const stall = new Stall(100, nothing);
  stall.end(gap(100, 300), nothing);
  const signals = stall.signals(200, nothing);
  expect([stall.cause(signals, 0, true), stall.cause(signals, 50, true)]).toEqual(['startup', 'startup']);
  expect(stall.cause(signals, 0)).not.toBe('startup');
});

test('at the beginning the thread itself tells how long it had no CPU, though no watchdog saw it', () => {
  const stall = new Stall(100, { ...nothing, at: 400 });
  stall.end({ ...gap(100, 300), cpu: 40, queued: 155 }, { ...nothing, at: 400, time: { run: 90, queued: 300 } });
  const signals = stall.signals(200, nothing);
  expect(signals).toMatchObject({ run: 40, runQueue: 155 });
  expect(stall.cause(signals, -5000)).toBe('cpu-starved');
});

test('a callback that blocks in the first second is what it is', () => {
  expect(causeOf(500, 400, [frame('handler', 1)])).toBe('javascript');
});

test('an answer from after the stall is not about it, but the wait for it is', () => {
  const stall = new Stall(0, nothing);
  stall.answer(sample(80, [frame('later', 9)], { at: 260 }));
  stall.end(gap(0, 250), nothing);
  expect(stall.blame()).toEqual({ confidence: 'none', hits: 0 });
  expect(stall.signals(250, nothing).latency).toBe(170);
});

test('counters are differences, and never more than the block', () => {
  const stall = new Stall(0, { at: 0, time: { run: 100, queued: 10 }, gc: 5, late: 7 });
  stall.end(gap(0, 200), { at: 0, time: { run: 900, queued: 25 }, gc: 5, late: 9 });
  const now = { at: 0, time: null, gc: 30, late: 50 };
  expect(stall.signals(200, now)).toMatchObject({ run: 200, runQueue: 15, gc: 25, late: 2 });
});

test('the stacks of a block add up to the time since it began, not since the beat before', () => {
  const stall = new Stall(0, nothing);
  for (const at of [80, 90, 120]) stall.answer(sample(at, [frame('hot', 1)], { at }));
  stall.end({ ...gap(0, 120), active: 100 }, nothing);
  expect(stall.stacks(20)).toMatchObject([{ ms: 100, count: 3 }]);
});
