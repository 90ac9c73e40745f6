import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Measurement } from '../../src/monitor/measurement.ts';

test('it tells delay, utilization and collections of the time since its start', async () => {
  const measurement = new Measurement();
  await delay(30);
  const { uptime, delay: late, utilization } = measurement.snapshot();
  measurement.end();
  expect(uptime).toBeGreaterThanOrEqual(29);
  expect(late.max).toBeGreaterThanOrEqual(late.p50);
  expect(utilization).toBeLessThanOrEqual(1);
});

test('a block that is still under way counts', () => {
  const measurement = new Measurement(10);
  for (const end = performance.now() + 60; performance.now() < end;);
  expect(measurement.snapshot().delay.max).toBeGreaterThan(40);
  measurement.end();
});
