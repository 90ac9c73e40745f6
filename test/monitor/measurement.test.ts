import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Measurement } from '../../src/monitor/measurement.ts';

test('by how much a beat is late is delay', () => {
  const measurement = new Measurement();
  for (let i = 0; i < 99; i++) measurement.beat(0.5);
  measurement.beat(100);
  const { p50, p99, max, mean, count } = measurement.snapshot(0).delay;
  measurement.end();
  expect([count, p50, p99, max, mean].map((n) => Math.round(n * 10) / 10)).toEqual([100, 0.5, 0.5, 100, 1.5]);
});

test('it tells utilization, collections and the time since its start', async () => {
  const measurement = new Measurement();
  await delay(30);
  const { uptime, delay: late, utilization } = measurement.snapshot(0);
  measurement.end();
  expect(uptime).toBeGreaterThanOrEqual(29);
  expect(late.count).toBe(0);
  expect(utilization).toBeLessThanOrEqual(1);
});

test('a block that is still under way counts', () => {
  const measurement = new Measurement();
  measurement.beat(1);
  expect(measurement.snapshot(60).delay).toMatchObject({ max: 60, count: 2 });
  expect(measurement.snapshot(0.5).delay.count).toBe(1); // it is not late yet
  measurement.end();
});
