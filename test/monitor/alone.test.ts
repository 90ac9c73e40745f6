import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { SlowReport } from '../../src/base/slow-report.ts';
import { bootstrapArgv } from '../../src/base/worker-file.ts';
import { Alone } from '../../src/monitor/alone.ts';
import { Heartbeat } from '../../src/monitor/heartbeat.ts';
import { clock } from '../../src/monitor/hub.ts';
import { resolveSettings } from '../../src/monitor/settings.ts';
import type { Presenter } from '../../src/monitor/told.ts';

const presenter: Presenter = {
  block: ({ cause }) => `it was ${cause}`,
  stillBlocked: () => '',
  line: () => '',
  note: ({ type }) => type,
  page: (log) => `page of ${log}`,
};

function start(words = Promise.resolve(presenter)) {
  const beats = new Heartbeat();
  beats.loopStart = 1;
  const reports: SlowReport[] = [];
  const alone = new Alone(resolveSettings({ log: false }), beats, (report) => void reports.push(report), words);
  beats.beat(clock());
  const gap = (ms: number): void => {
    const now = clock();
    beats.noteGap({ start: now - ms, end: now, active: ms, cpu: ms, ignored: 0 });
    beats.beat(now);
    alone.beat();
  };
  return { beats, reports, alone, gap };
}

test('a gap is reported with its duration, cause and text, and without a line', async () => {
  const { reports, alone, gap } = start();
  await alone.ready;
  gap(150);
  await delay(50);
  alone.beat();
  alone.stop();
  expect(reports).toMatchObject([{ duration: 150, confidence: 'none', samples: 0, thread: 0, message: 'it was javascript' }]);
  expect(reports[0]).not.toHaveProperty('where');
});

test('what is known when it stops is told at once', async () => {
  const { reports, alone, gap } = start();
  await alone.ready;
  gap(150);
  alone.stop();
  alone.stop();
  expect(reports).toHaveLength(1);
});

test('a gap from before the words were there is told when they are', async () => {
  const { reports, alone, gap } = start(delay(20, presenter));
  gap(150);
  await alone.ready;
  alone.stop();
  expect(reports).toHaveLength(1);
});

test('it leaves nothing behind', async () => {
  const before = process.listenerCount('SIGCONT');
  const { alone } = start();
  expect(process.listenerCount('SIGCONT')).toBe(before + 1);
  alone.stop();
  await alone.ready;
  expect(process.listenerCount('SIGCONT')).toBe(before);
});

test('in a worker thread a monitor tells how long and why, with the number of the thread', async () => {
  const worker = new Worker(new URL('../fixtures/monitor/in-worker.ts', import.meta.url), { execArgv: bootstrapArgv() });
  const id = worker.threadId;
  const slow = await new Promise<SlowReport[]>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const report = slow.find(({ duration }) => duration >= 300);
  expect(report).toMatchObject({ thread: id, confidence: 'none' });
  expect(report!.cause).toMatch(/javascript|cpu-starved/);
});

test('without a watchdog the page is made here, also after the end', async () => {
  const { alone } = start();
  expect(await alone.page()).toMatch(/^page of start\n(?:lag\n)?$/);
  alone.stop();
  expect(await alone.page()).toMatch(/^page of start\n(?:lag\n)*end\n$/);
});

test('one that was stopped before it had its words has nothing to report', async () => {
  const { alone } = start(new Promise((resolve) => setTimeout(() => resolve(presenter), 20)));
  alone.stop();
  await expect(alone.page()).rejects.toThrow(/stopped before it had begun/);
});
