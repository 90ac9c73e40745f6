/** A lag monitor in the main thread, and loops of real workers that are blocked, or that merely work. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { SlowReport } from '../../src/base/slow-report.ts';
import { htmlReport, reportFromLog } from '../../src/report/html.ts';
import { isBlock } from '../../src/report/model.ts';
import { readLog } from '../../src/report/read.ts';
import { repository } from '../fixtures/far-side/harness.ts';

const file = join(repository, 'test/fixtures/monitor/worker-blocks.ts');
const temporary = mkdtempSync(join(tmpdir(), 'offloop-monitor-'));
afterAll(() => rmSync(temporary, { recursive: true }));

async function reportsOf(kind: string, ...args: string[]): Promise<SlowReport[]> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_|TEST|OFFLOOP_)/.test(name)));
  const child = spawn(process.execPath, ['--import', 'tsx', file, kind, ...args], { env: clean, timeout: 60_000, killSignal: 'SIGKILL' });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  await new Promise((resolve) => child.on('close', resolve));
  if (out === '') throw new Error(err);
  return JSON.parse(out) as SlowReport[];
}

const lineOfBurn =
  1 +
  readFileSync(file, 'utf8')
    .split('\n')
    .findIndex((line) => line.endsWith('// the line of burn'));

/** On a loaded machine the same stretch may be told as `cpu-starved`; what is told is the same. */
function expectBurn(reports: readonly SlowReport[]): SlowReport {
  const report = reports.find(({ duration, where }) => duration >= 690 && where?.line === lineOfBurn);
  if (report === undefined) throw new Error(`no report of it: ${JSON.stringify(reports)}`);
  expect(report.where).toMatchObject({ fn: 'burn', file });
  expect(report.thread).toBeGreaterThan(0);
  return report;
}

describe('is reported, with the worker’s thread, the line and the job', () => {
  test('a job that holds up its own timers; in the log and on the page too', async () => {
    const log = join(temporary, 'tangled.ndjson');
    const { thread, task, message } = expectBurn(await reportsOf('tangled', log));
    expect(task?.name).toBe('worker-blocks.ts#0');
    expect(message).toContain(`in worker thread ${thread}\n`);
    const text = readFileSync(log, 'utf8');
    expect(readLog(text).lines.filter(isBlock)).toContainEqual(expect.objectContaining({ type: 'block', thread }));
    expect(htmlReport(reportFromLog(readLog(text)))).toContain('worker-blocks.ts#0');
  });

  test('a monitor that was started after the worker', async () => {
    expectBurn(await reportsOf('twice', 'false', 'later'));
  });

  test('a job that holds up the replies to its callbacks', async () => {
    expectBurn(await reportsOf('replies'));
  });

  test('a method of an actor that holds up another call', async () => {
    const { task } = expectBurn(await reportsOf('actor'));
    expect(task?.name).toBe('compute');
  });
});

describe('is not reported: the worker does its job', () => {
  test('jobs without an await, several of them in line', async () => {
    expect(await reportsOf('plain')).toEqual([]);
  });

  test('what an async job does before its first await, and what it ends with', async () => {
    expect(await reportsOf('alone')).toEqual([]);
  });

  test('one step after the other, and one item after the other', async () => {
    expect(await Promise.all([reportsOf('steps'), reportsOf('items')])).toEqual([[], []]);
  });
});
