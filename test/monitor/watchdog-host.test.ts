import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Heartbeat } from '../../src/monitor/heartbeat.ts';
import { clock } from '../../src/monitor/hub.ts';
import { resolveSettings } from '../../src/monitor/settings.ts';
import type { SlowReport } from '../../src/base/slow-report.ts';
import { WatchdogHost } from '../../src/monitor/watchdog-host.ts';

function start() {
  const beats = new Heartbeat();
  beats.loopStart = 1;
  const reports: SlowReport[] = [];
  const lost: string[] = [];
  const events = { report: (r: SlowReport) => void reports.push(r), lost: (why: string) => void lost.push(why) };
  const host = new WatchdogHost(resolveSettings({ log: false }), beats, false, events);
  beats.beat(clock());
  return { beats, host, reports, lost };
}

test('a gap in the heartbeat comes back as a report, at the latest when it is stopped', async () => {
  const { beats, host, reports } = start();
  await host.ready;
  const now = clock();
  beats.noteGap({ start: now - 150, end: now, active: 149.5, cpu: 140, ignored: 0 });
  beats.beat(now);
  host.stop(5000);
  expect(reports).toMatchObject([
    { duration: 149.5, threshold: 100, confidence: 'none', message: expect.stringContaining('took 0.149 seconds') },
  ]);
  host.stop(5000);
});

test('a gap from before it was there is told as well: it is waited for', () => {
  const { beats, host, reports } = start();
  const now = clock();
  beats.noteGap({ start: now - 150, end: now, active: 150, cpu: 140, ignored: 0 });
  host.stop(20);
  expect(reports).toMatchObject([{ duration: 150, message: expect.stringContaining('Executing <callback> took 0.150 seconds') }]);
});

test('stopping one that has not started yet waits for nothing', () => {
  const { host } = start();
  const before = clock();
  host.stop(5000);
  expect(clock() - before).toBeLessThan(1000);
});

test('a watchdog that dies is replaced once; then it is told that there is none', async () => {
  let starts = 0;
  const dies = (): Worker => {
    starts++;
    return new Worker('throw new Error("broken")', { eval: true, execArgv: [] });
  };
  const why = await new Promise<string>((lost) => {
    const host = new WatchdogHost(resolveSettings({ log: false }), new Heartbeat(), false, { report: () => {}, lost }, dies);
    void host.ready.then(() => host.stop(10)); // nobody waits for ever
  });
  expect([why, starts]).toEqual(['broken', 2]);
});

test('a thread that cannot be started is told of, not thrown', async () => {
  const fails = (): Worker => {
    throw new Error('no threads here');
  };
  const why = await new Promise<string>((lost) => {
    new WatchdogHost(resolveSettings({ log: false }), new Heartbeat(), false, { report: () => {}, lost }, fails).stop(1);
  });
  expect(why).toBe('no threads here');
});

test('the page comes from the watchdog, and what it recorded when it is stopped', async () => {
  const { host } = start();
  await host.ready;
  expect(await host.page()).toMatch(/^<!doctype html>/);
  host.stop(5000);
  expect(await host.log()).toMatch(/^\{"v":1,[^\n]*"type":"start"[^]*"type":"end"[^\n]*\n$/);
});

test('who waits for a page of a watchdog that dies is told so, and nothing of it is left', async () => {
  const dies = (): Worker => new Worker('setTimeout(() => { throw new Error("broken"); }, 50)', { eval: true, execArgv: [] });
  const host = new WatchdogHost(resolveSettings({ log: false }), new Heartbeat(), false, { report: () => {}, lost: () => {} }, dies);
  await expect(host.page()).rejects.toThrow(/The watchdog of the lag monitor is gone: broken/);
  await host.ready;
  await expect(host.page()).rejects.toThrow(/has lost its watchdog, and its records with it/);
});

test('at the end of the process nothing is recorded for later', async () => {
  const { host } = start();
  await host.ready;
  host.stop(5000, true);
  expect(await host.log()).toBeNull();
});
