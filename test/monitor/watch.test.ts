import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { resolveSettings } from '../../src/monitor/settings.ts';
import type { SlowReport } from '../../src/base/slow-report.ts';
import { Watch } from '../../src/monitor/watch.ts';

const native = JSON.parse;
const settings = resolveSettings({ log: false });

function burn(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

test('a block is told to its owner and on the channel offloop:block, with the line', async () => {
  const [told, published]: [SlowReport[], unknown[]] = [[], []];
  const hear = (report: unknown): void => void published.push(report);
  subscribe('offloop:block', hear);
  const watch = new Watch(settings, (report) => void told.push(report));
  await watch.ready;
  await delay(50);
  burn(300);
  while (told.length === 0) await delay(10);
  watch.stop();
  unsubscribe('offloop:block', hear);
  const [report] = told.filter(({ duration }) => duration > 290);
  expect(report!.where?.fn ?? '').toBe('burn');
  expect(published).toEqual(told);
});

test('after its end there is no shim, no listener and no timer of it', async () => {
  const before = process.listenerCount('exit');
  const watch = new Watch(settings, () => {});
  expect(JSON.parse).not.toBe(native);
  await watch.ready;
  watch.stop();
  expect(JSON.parse).toBe(native);
  expect(process.listenerCount('exit')).toBe(before);
  watch.stop();
});
