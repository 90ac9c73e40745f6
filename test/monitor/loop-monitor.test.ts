import { expect, test } from 'vitest';
import type { SlowReport } from '../../src/base/slow-report.ts';
import { InvalidStateError } from '../../src/base/errors.ts';
import { register, unregister } from '../../src/base/live.ts';
import { LoopMonitor } from '../../src/monitor/loop-monitor.ts';

test('a snapshot before start is refused', () => {
  expect(() => new LoopMonitor().snapshot()).toThrow(InvalidStateError);
});

test('a second start is refused while the monitor runs, and allowed after stop', () => {
  const monitor = new LoopMonitor().start();
  expect(() => monitor.start()).toThrow(InvalidStateError);
  monitor.stop();
  monitor.start().stop();
});

test('after stop the snapshot keeps its final figures', () => {
  const monitor = new LoopMonitor().start();
  monitor.stop();
  expect(monitor.snapshot()).toBe(monitor.snapshot());
});

test('stop and dispose may be called again', () => {
  const monitor = new LoopMonitor().start();
  monitor.stop();
  monitor.stop();
  monitor[Symbol.dispose]();
});

test('a snapshot has every figure, as a number', () => {
  const monitor = new LoopMonitor().start();
  const { delay, gc, utilization, uptime, heapUsed } = monitor.snapshot();
  monitor.stop();
  for (const n of [...Object.values(delay), ...Object.values(gc), utilization, uptime, heapUsed]) expect(n).toBeGreaterThanOrEqual(0);
  expect(utilization).toBeLessThanOrEqual(1);
});

test('executors that are alive stand in the snapshot by name, equal names numbered', () => {
  const a = { statistics: () => ({ queued: 1 }) };
  const b = { statistics: () => ({ queued: 2 }) };
  register('executor', 'images', a);
  register('executor', 'images', b);
  const monitor = new LoopMonitor().start();
  const { executors } = monitor.snapshot();
  unregister('executor', a);
  unregister('executor', b);
  monitor.stop();
  expect(executors).toMatchObject({ images: { queued: 1 }, 'images (2)': { queued: 2 } });
});

test.each([
  ['a string', { heartbeat: '10' }, /options\.heartbeat to be a whole number from 1 to 1000, got '10' \(string\)/],
  ['NaN', { heartbeat: Number.NaN }, /got NaN/],
  ['zero', { heartbeat: 0 }, /got 0/],
  ['an unknown option', { hartbeat: 10 }, /Unknown option options\.hartbeat; known options are mode, threshold, heartbeat/],
  ['no object', 5, /Expected options to be an object of options, got 5 \(number\)/],
])('%s as option is refused with what was expected', (_title, options, message) => {
  expect(() => new LoopMonitor(options as never)).toThrow(message);
});

test('the page is there while the monitor runs and afterwards, but not before', async () => {
  const monitor = new LoopMonitor({ log: false, threshold: 30_000 });
  const said = (page: string): string => `${/<h1[^>]*>(.*)</.exec(page)?.[1]} ${/"ended":\w+/.exec(page)?.[0]}`.replaceAll('\u00a0', ' ');
  await expect(monitor.html()).rejects.toThrow(InvalidStateError);
  monitor.start();
  expect(said(await monitor.html())).toMatch(/^No block of 30 s or more in .*"ended":false$/);
  const two = await Promise.all([monitor.html(), monitor.html()]);
  expect(two.map((page) => page.slice(0, 15))).toEqual(['<!doctype html>', '<!doctype html>']);
  monitor.stop();
  expect(said(await monitor.html())).toMatch(/^No block of 30 s or more in .*"ended":true$/);
  expect(said(await monitor.html())).toContain('"ended":true');
});

test('a page knows an executor that is gone by then', async () => {
  const times = { p50: 1, p90: 2, p99: 3, max: 4, mean: 2, count: 5 };
  const counts = { kind: 'thread', workers: 1, busy: 0, queued: 0, running: 0, completed: 5, failed: 0, utilization: 0.5 };
  const pool = { statistics: () => ({ ...counts, waitTime: times, runTime: times }) };
  const monitor = new LoopMonitor({ log: false }).start();
  register('executor', 'thumbnails', pool);
  unregister('executor', pool);
  monitor.stop();
  expect(/"executors":\{.*?:/.exec(await monitor.html())?.[0]).toBe('"executors":{"thumbnails":');
});

test('reports go to onSlow, whose failure is a warning, and the latest are kept', async () => {
  const heard: SlowReport[] = [];
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  const onSlow = (report: SlowReport): void => {
    heard.push(report);
    throw new Error('mine');
  };
  const monitor = new LoopMonitor({ log: false, keep: 1, onSlow }).start();
  while (heard.length < 2) {
    for (const end = performance.now() + 150; performance.now() < end;);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  monitor.stop();
  const { blocks, slow } = monitor.snapshot();
  expect(blocks).toBe(heard.length);
  expect(slow).toEqual([heard.at(-1)]);
  expect(String(await warned)).toMatch(/options\.onSlow of a LoopMonitor threw: Error: mine/);
});
