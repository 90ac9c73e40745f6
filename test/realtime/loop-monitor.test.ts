import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LoopMonitor } from '../../src/monitor/loop-monitor.ts';

function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

test('a block shows as delay of about its length', async () => {
  const monitor = new LoopMonitor().start();
  await delay(50);
  block(200);
  await delay(50);
  monitor.stop();
  const { max } = monitor.snapshot().delay;
  expect(max).toBeGreaterThan(150);
  expect(max).toBeLessThan(2000);
});

test('a block that has not ended yet is counted when somebody asks in the middle of it', async () => {
  const monitor = new LoopMonitor().start();
  await delay(30);
  block(200);
  expect(monitor.snapshot().delay.max).toBeGreaterThan(150);
  monitor.stop();
});

test('a block that starts at once, before the loop turned, is counted', () => {
  const monitor = new LoopMonitor().start();
  block(100);
  monitor.stop();
  expect(monitor.snapshot().delay.max).toBeGreaterThan(50);
});

test('an idle loop shows little delay at the median and little utilization', async () => {
  const monitor = new LoopMonitor().start();
  await delay(300);
  const { delay: late, utilization } = monitor.snapshot();
  monitor.stop();
  expect(late.p50).toBeLessThan(50);
  expect(utilization).toBeLessThan(0.9);
});

test('text() tells delay, utilization and collections in words', async () => {
  const monitor = new LoopMonitor().start();
  await delay(20);
  expect(monitor.text()).toMatch(/^event loop over [\d.]+ s: delay p50 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms; busy \d+ %\ngc: /);
  monitor.stop();
});
