import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { HEARTBEAT_ROOM } from '../../src/base/worker-loops.ts';
import { Heartbeat } from '../../src/monitor/heartbeat.ts';
import { WorkerBeater } from '../../src/monitor/worker-beater.ts';

const burn = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end;);
};

let beater: WorkerBeater | null = null;
afterEach(() => beater?.end());

function start() {
  const shared = new SharedArrayBuffer(HEARTBEAT_ROOM);
  const progress = { any: true, since: true, anySince: (): boolean => progress.since, sideBySide: 2, calls: 0 };
  beater = new WorkerBeater(shared, { threshold: 40, heartbeat: 5 }, progress);
  return { beats: new Heartbeat(shared), beater, progress };
}

/** A stretch of 60 ms, with a beat before it and one after it. */
async function stretch(beats: Heartbeat, during: () => void = () => {}): Promise<boolean> {
  const { count } = beats.last;
  await vi.waitFor(() => expect(beats.last.count).toBeGreaterThan(count), { interval: 5 });
  const before = beats.last.at;
  during();
  burn(60);
  const after = beats.last.count;
  await vi.waitFor(() => expect(beats.last.count).toBeGreaterThan(after), { interval: 5 });
  return beats.gapsSince(0).some(({ start, active }) => start === before && active >= 59);
}

test('it rests until something waits, and again when nothing does any more', async () => {
  const { beats, beater, progress } = start();
  expect(beats.last.at).toBe(Infinity);
  beater.wake();
  beater.wake();
  expect(beats.last.at).toBeLessThan(Infinity);
  progress.any = false;
  await vi.waitFor(() => expect(beats.last.at).toBe(Infinity));
  const { count } = beats.last;
  await delay(30);
  expect(beats.last.count).toBe(count);
});

test('a stretch that holds up something else is noted', async () => {
  const { beats, beater } = start();
  beater.wake();
  expect(await stretch(beats)).toBe(true);
});

test('one thing that goes on by itself holds up nobody, however long it computes', async () => {
  const { beats, beater, progress } = start();
  progress.sideBySide = 1;
  beater.wake();
  expect(await stretch(beats)).toBe(false);
});

test('unless another call came meanwhile', async () => {
  const { beats, beater, progress } = start();
  progress.sideBySide = 1;
  beater.wake();
  expect(await stretch(beats, () => progress.calls++)).toBe(true);
});

test('what ended together with the stretch was not held up by it', async () => {
  const { beats, beater, progress } = start();
  beater.wake();
  expect(await stretch(beats, () => (progress.since = false))).toBe(false);
});

test('it ends in rest', () => {
  const { beats, beater } = start();
  beater.wake();
  beater.end();
  expect(beats.last.at).toBe(Infinity);
});

test.runIf(process.platform === 'linux')('it tells the number of its thread in the system', () => {
  expect(start().beats.osThread).toBeGreaterThan(0);
});
