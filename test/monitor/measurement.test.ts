import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Measurement } from '../../src/monitor/measurement.ts';

test('by how much a beat is late is delay', () => {
  const measurement = new Measurement(25);
  for (let i = 0; i < 99; i++) measurement.beat(0.5, 25);
  measurement.beat(100, 25);
  const { p50, p99, max, mean, count } = measurement.snapshot().delay;
  measurement.end();
  expect([count, p50, p99, max, mean].map((n) => Math.round(n * 10) / 10)).toEqual([100, 0.5, 0.5, 100, 1.5]);
});

test('it tells utilization, collections and the time since its start', async () => {
  const measurement = new Measurement(1000);
  await delay(30);
  const { uptime, delay: late, utilization } = measurement.snapshot();
  measurement.end();
  expect(uptime).toBeGreaterThanOrEqual(29);
  expect(late.count).toBe(0);
  expect(utilization).toBeLessThanOrEqual(1);
});

test('a block that is still under way counts', () => {
  const measurement = new Measurement(10);
  for (const end = performance.now() + 60; performance.now() < end;);
  expect(measurement.snapshot().delay.max).toBeGreaterThan(40);
  measurement.end();
});
