/** Section F and H, and what keeps a pool going: replaced workers, second chances, broadcasts, figures. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { WorkerDiedError } from '../../../src/index.ts';
import { add, countsUp, holdUntil, whereAmI } from '../../fixtures/jobs/basic.ts';
import type { Place } from '../../fixtures/jobs/basic.ts';
import { dieOnce, exit } from '../../fixtures/jobs/crash.ts';
import { throwRich } from '../../fixtures/jobs/errors.ts';
import { failingInit, hangingTeardown, hoard, init, lifeSigns, logTeardown } from '../../fixtures/jobs/lifecycle.ts';
import { makeGate, runningJob, scratch } from '../../support/gates.ts';
import { failure } from '../../support/virtual.ts';
import type { Subject } from './subject.ts';

let files = 0;
const newFile = (): string => join(scratch(), `life-${++files}`);
const id = ({ pid, thread }: Place): string => `${pid}/${thread}`;
const linesOf = (file: string): number => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0);

export function lifecycle({ use, separate, reports }: Subject): void {
  it.runIf(separate)('a worker is replaced after so many jobs, and runs its teardown then (83, 88)', async () => {
    const log = newFile();
    const executor = use({ max: 1, recycleAfterJobs: 3, init, teardown: logTeardown, env: { ...process.env, OFFLOOP_TEST_LOG: log } });
    const places = (await Promise.all(Array.from({ length: 7 }, () => executor.submit(whereAmI, [])))).map(id);
    expect([new Set(places.slice(0, 3)).size, new Set(places.slice(3, 6)).size, new Set(places).size]).toEqual([1, 1, 3]);
    expect(executor.statistics()).toMatchObject({ completed: 7, recycled: 2, respawned: 0 });
    while (linesOf(log) < 2) await new Promise((resolve) => setTimeout(resolve, 2));
    await executor.shutdown();
    expect(linesOf(log)).toBe(3);
  });

  it.runIf(separate)('the state of modules is fresh in each job with recycleAfterJobs 1, and kept without it (82, 85)', async () => {
    const fresh = use({ max: 2, recycleAfterJobs: 1, init });
    const counts = await Promise.all([1, 2, 3].map((n) => fresh.submit(countsUp, [n])));
    expect(counts).toEqual([1, 1, 1]);
    expect(await fresh.submit(lifeSigns, [])).toEqual({ initialised: 1, evaluated: 1 });
    const kept = use({ max: 1 });
    expect(await Promise.all([1, 2, 3].map((n) => kept.submit(countsUp, [n])))).toEqual([1, 2, 3]);
  });

  it.runIf(separate)('a worker whose heap has grown too large is replaced after its job; others stay (84)', async () => {
    const executor = use({ max: 1, recycleAboveHeapMb: 100 });
    const before = await executor.submit(whereAmI, []);
    expect(id(await executor.submit(whereAmI, []))).toBe(id(before));
    expect(await executor.submit(hoard, [120])).toBe(120);
    expect(id(await executor.submit(whereAmI, []))).not.toBe(id(before));
    expect(executor.statistics()).toMatchObject({ recycled: 1, respawned: 0 });
  });

  it.runIf(separate)('the minimum holds while workers are replaced, and a tiny limit does no harm (84, 85)', async () => {
    const executor = use({ min: 2, max: 2, recycleAboveHeapMb: 0.001 });
    const results = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => executor.submit(add, [n, 1])));
    expect(results).toEqual([2, 3, 4, 5, 6, 7]);
    expect(executor.statistics().workers).toBe(2);
    expect(executor.statistics().recycled).toBeGreaterThan(0);
  });

  it.runIf(separate)('a teardown is awaited, and not past its limit (89)', async () => {
    const executor = use({ max: 1, recycleAfterJobs: 1, teardown: hangingTeardown });
    const started = performance.now();
    const places = await Promise.all([executor.submit(whereAmI, []), executor.submit(whereAmI, [])]);
    expect(id(places[0])).not.toBe(id(places[1]));
    await executor.shutdown();
    expect(performance.now() - started).toBeGreaterThan(900);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it.runIf(separate).each(['exit', 'uncaught', 'out-of-memory'] as const)(
    'an idempotent job runs once more when its worker dies: %s',
    async (why) => {
      const executor = use({ max: 1, resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 } });
      const marker = newFile();
      expect(await executor.submit(dieOnce, [why, marker], { idempotent: true })).toBe('survived');
      expect(executor.statistics()).toMatchObject({ completed: 1, failed: 0, respawned: 1 });
      const error = await failure(executor.submit(dieOnce, [why, newFile()]));
      expect(error).toMatchObject({ code: 'OFFLOOP_WORKER_DIED', why });
    },
  );

  it.runIf(separate)('an idempotent job never runs a third time; both deaths are told', async () => {
    const executor = use({ max: 2 });
    const error = (await failure(executor.submit(exit, [3], { idempotent: true, name: 'deadly' }))) as WorkerDiedError;
    expect(error).toBeInstanceOf(WorkerDiedError);
    expect(error).toMatchObject({ why: 'exit', exitCode: 3, job: 'deadly', previous: { why: 'exit', exitCode: 3, job: 'deadly' } });
    expect(executor.statistics()).toMatchObject({ failed: 1 });
    expect(await executor.submit(add, [1, 2])).toBe(3);
  });

  it.runIf(separate)('workers that die on every job are replaced all the same, and each job has its own blame', async () => {
    const executor = use({ max: 1 });
    const jobs = [1, 2, 3, 4].map((code) => failure(executor.submit(exit, [code], { name: `job ${code}` })));
    const errors = (await Promise.all(jobs)) as WorkerDiedError[];
    expect(errors.map(({ job, exitCode }) => [job, exitCode])).toEqual([1, 2, 3, 4].map((code) => [`job ${code}`, code]));
    expect(await executor.submit(add, [1, 2])).toBe(3);
    expect(executor.statistics()).toMatchObject({ respawned: 4, completed: 1 });
  });

  it.runIf(separate)('when init fails, however many wait are told why, and soon', async () => {
    const executor = use({ max: 2, init: failingInit });
    const errors = await Promise.all(Array.from({ length: 100 }, (_, i) => failure(executor.submit(add, [i, 1]))));
    for (const error of errors) expect(error).toMatchObject({ why: 'load-failed', job: 'add', cause: { message: 'no licence' } });
    expect(executor.statistics()).toMatchObject({ queued: 0, running: 0, failed: 100 });
  });

  it('broadcast runs once in every worker, in their order', async () => {
    const executor = use({ max: 2 });
    await executor.warmup();
    const [first, again] = [await executor.broadcast(whereAmI, []), await executor.broadcast(whereAmI, [])];
    expect(new Set(first.map(id)).size).toBe(executor.statistics().workers);
    expect(again).toEqual(first);
  });

  it.runIf(separate)('broadcast reaches busy workers in their turn', async () => {
    const executor = use({ max: 2 });
    const gate = makeGate();
    const busy = [await runningJob(executor, holdUntil, [gate.file]), await runningJob(executor, holdUntil, [gate.file])];
    const queued = executor.submit(countsUp, [0]);
    const all = executor.broadcast(countsUp, [0]);
    gate.open();
    await Promise.all(busy.map(({ job }) => job));
    const counts = await all;
    expect(await queued).toBe(1);
    expect(counts.toSorted((a, b) => a - b)).toEqual([1, 2]); // the job before was one of the same worker
  });

  it('broadcast rejects with what its function throws', async () => {
    const executor = use({ max: 2 });
    expect(await failure(executor.broadcast(throwRich, ['told']))).toMatchObject({ message: 'told', code: 'E_FIXTURE' });
    expect(reports).toEqual([]);
  });

  it('the figures of each function are told apart (102)', async () => {
    const executor = use({ max: 1 });
    await Promise.all([executor.submit(add, [1, 1]), executor.submit(add, [1, 1]), executor.submit(add, [1, 1], { name: 'special' })]);
    await failure(executor.submit(throwRich, ['told'], { name: 'thrower' }));
    const { functions, completed, failed } = executor.statistics();
    expect(functions).toMatchObject({
      add: { completed: 2, failed: 0, cancelled: 0, waitTime: { count: 2 }, runTime: { count: 2 } },
      special: { completed: 1 },
      thrower: { completed: 0, failed: 1 },
    });
    expect([completed, failed]).toEqual([3, 1]);
  });

  it.runIf(separate)('utilization is a share of the time, and grows with the work (104)', async () => {
    const executor = use({ max: 1 });
    await executor.warmup();
    const before = executor.statistics();
    const gate = makeGate();
    const { job } = await runningJob(executor, holdUntil, [gate.file]);
    setTimeout(gate.open, 30);
    await job;
    const after = executor.statistics();
    expect(after.runTime.max).toBeGreaterThanOrEqual(before.runTime.max + 20);
    expect(after.utilization).toBeGreaterThan(before.utilization);
    expect(after.utilization).toBeLessThanOrEqual(1);
  });
}
