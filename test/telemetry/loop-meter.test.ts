import { expect, it } from 'vitest';
import { LoopMeter } from '../../src/telemetry/loop-meter.ts';
import { blockLoop } from '../../src/testing/block-loop.ts';
import { turns } from '../support/virtual.ts';

it('tells how the loop was since it was asked last: a block is told once', async () => {
  const meter = new LoopMeter();
  await turns(1);
  blockLoop(60);
  const blocked = meter.read();
  expect(blocked.delay.max).toBeGreaterThan(30);
  expect(blocked.utilization).toBeGreaterThan(0);
  expect(meter.read().delay.max).toBeLessThan(blocked.delay.max);
  meter[Symbol.dispose]();
});

it('does not keep the process alive, nor anything after it was disposed of', () => {
  const before = process.getActiveResourcesInfo().length;
  const meter = new LoopMeter();
  meter.read();
  expect(process.getActiveResourcesInfo()).toHaveLength(before);
  meter[Symbol.dispose]();
});
