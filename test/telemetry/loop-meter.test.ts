import { expect, it } from 'vitest';
import { LoopMeter } from '../../src/telemetry/loop-meter.ts';
import { blockLoop } from '../../src/testing/block-loop.ts';
import { realTime } from '../support/virtual.ts';

it('tells how the loop was since it was asked last: a block is told once', async () => {
  const meter = new LoopMeter();
  expect(meter.read().delay).toEqual({ p50: 0, p90: 0, p99: 0, max: 0, mean: 0, count: 0 });
  await realTime(50);
  blockLoop(400);
  await realTime(50);
  const blocked = meter.read();
  expect(blocked.delay.max).toBeGreaterThan(300);
  expect(blocked.utilization).toBeGreaterThan(0);
  expect(meter.read().delay.count).toBe(0);
  meter[Symbol.dispose]();
});

it('does not keep the process alive, and takes no samples after it was disposed of', async () => {
  const before = process.getActiveResourcesInfo().length;
  const meter = new LoopMeter();
  expect(process.getActiveResourcesInfo()).toHaveLength(before);
  meter[Symbol.dispose]();
  meter.read();
  await realTime(60);
  expect(meter.read().delay.count).toBe(0);
});
