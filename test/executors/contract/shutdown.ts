/** Section I and J 121, 131: the end, in all its ways. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { CancelledError, InvalidStateError, run, ThreadPoolExecutor } from '../../../src/index.ts';
import { add, echo, holdUntil, waitUntil } from '../../fixtures/jobs/basic.ts';
import { spinForever } from '../../fixtures/jobs/cancel.ts';
import { exit } from '../../fixtures/jobs/crash.ts';
import { lifeSigns, logTeardown } from '../../fixtures/jobs/lifecycle.ts';
import { makeGate, runningJob, scratch } from '../../support/gates.ts';
import { failure } from '../../support/virtual.ts';
import type { Subject } from './subject.ts';

let logs = 0;

export function shutdown({ use, separate, reports }: Subject): void {
  it('without jobs resolves, with min 0 and with workers, and right after the start (107, 112)', async () => {
    await use().shutdown();
    await use({ min: 2, max: 2 }).shutdown();
    const warm = use({ max: 1 });
    await warm.warmup();
    await warm.shutdown();
    expect(warm.statistics()).toMatchObject({ workers: 0, idle: 0, busy: 0 });
  });

  it('waits for queued and running jobs (108)', async () => {
    const executor = use({ max: 1 });
    const jobs = Array.from({ length: 20 }, (_, i) => executor.submit(add, [i, 1]));
    await executor.shutdown();
    expect(jobs.map((job) => job.result())).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(executor.statistics()).toMatchObject({ workers: 0, completed: 20 });
  });

  it.runIf(separate)('with all workers busy loses no job (121)', async () => {
    for (let round = 0; round < 3; round++) {
      const executor = use({ max: 4 });
      const gate = makeGate();
      const jobs = await Promise.all([1, 2, 3, 4].map((n) => runningJob(executor, waitUntil, [gate.file, n])));
      const closed = executor.shutdown();
      gate.open();
      await closed;
      expect(await Promise.all(jobs.map(({ job }) => job))).toEqual([1, 2, 3, 4]);
    }
  });

  it('refuses jobs from then on, and says why (109, 131)', async () => {
    const executor = use({ max: 1, name: 'closed one' });
    const accepted = executor.submit(add, [1, 2]);
    const closing = executor.shutdown();
    const errors = [await failure(executor.submit(add, [1, 2]))];
    await closing;
    errors.push(await failure(executor.submit(add, [1, 2])));
    for (const error of errors) {
      expect(error).toBeInstanceOf(InvalidStateError);
      expect((error as Error).message).toContain(`Executor shutdown has been called: ${separate ? 'closed one' : 'InlineExecutor'}`);
    }
    expect(await accepted).toBe(3);
    expect(await failure(executor.warmup())).toBeInstanceOf(InvalidStateError);
    expect(await failure(executor.map((n: number) => n, [1]).next())).toBeInstanceOf(InvalidStateError);
  });

  it.runIf(separate)('with cancelPending lets running jobs end and cancels the others (110, 116)', async () => {
    const executor = use({ max: 1 });
    const gate = makeGate();
    const { job } = await runningJob(executor, holdUntil, [gate.file, 'finished']);
    const waiting = [executor.submit(add, [1, 1]), executor.submit(add, [2, 2])];
    const closed = executor.shutdown({ cancelPending: true });
    for (const other of waiting) expect(await failure(other)).toMatchObject({ code: 'OFFLOOP_CANCELLED', source: 'shutdown' });
    gate.open();
    await closed;
    expect(await job).toBe('finished');
  });

  it.runIf(separate)('with a time limit kills what is left, tells every caller, and warns with the limit (111, 112)', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const executor = use({ max: 1, name: `stuck ${++logs}` });
    const { job } = await runningJob(executor, spinForever, []);
    const waiting = executor.submit(add, [1, 1]);
    await executor.shutdown({ timeout: 30 });
    for (const other of [job, waiting]) expect(await failure(other)).toBeInstanceOf(CancelledError);
    expect(executor.statistics()).toMatchObject({ workers: 0, running: 0, queued: 0, cancelled: 2 });
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      `stuck ${logs} did not shut down within 30 ms: 1 running and 1 waiting jobs were cancelled`,
    ]);
  });

  it('is what leaving an `await using` block does (113)', async () => {
    const executor = use({ max: 1 });
    const job = executor.submit(echo, ['kept']);
    await executor[Symbol.asyncDispose]();
    expect(job.result()).toBe('kept');
    expect(await failure(executor.submit(echo, [1]))).toBeInstanceOf(InvalidStateError);
  });

  it('twice, at once and later, is once (115)', async () => {
    const executor = use({ max: 2 });
    await executor.warmup();
    await Promise.all([executor.shutdown(), executor.shutdown({ cancelPending: true }), executor.shutdown({ timeout: 1000 })]);
    await executor.shutdown();
    expect(executor.statistics().workers).toBe(0);
  });

  it('while workers start up lets the jobs that wait for them run (117)', async () => {
    const executor = use({ max: 2 });
    const jobs = [executor.submit(add, [1, 1]), executor.submit(add, [2, 2]), executor.submit(add, [3, 3])];
    await executor.shutdown();
    expect(jobs.map((job) => job.result())).toEqual([2, 4, 6]);
  });

  it('while it warms up does not wait for that', async () => {
    const executor = use({ max: 2 });
    const warming = executor.warmup().catch((error: unknown) => error);
    await executor.shutdown();
    const outcome = await warming;
    if (outcome !== undefined) expect(outcome).toMatchObject({ why: 'terminated' });
  });

  it.runIf(separate)('while a job is killed, and while a worker dies (115)', async () => {
    const executor = use({ max: 2 });
    const { job } = await runningJob(executor, spinForever, [], { grace: 0 });
    const crash = executor.submit(exit, [1]);
    job.cancel();
    await executor.shutdown();
    expect(await failure(job)).toBeInstanceOf(CancelledError);
    expect(await failure(crash)).toMatchObject({ code: 'OFFLOOP_WORKER_DIED' });
    expect(executor.statistics()).toMatchObject({ workers: 0, cancelled: 1, failed: 1 });
  });

  it.runIf(separate)('when one job fails, the others still finish (116)', async () => {
    const executor = use({ max: 2 });
    const gate = makeGate();
    const slow = await runningJob(executor, holdUntil, [gate.file, 'finished']);
    const crash = executor.submit(exit, [1]);
    const closed = executor.shutdown();
    await failure(crash);
    gate.open();
    await closed;
    expect(await slow.job).toBe('finished');
  });

  it.runIf(separate)('runs the teardown in each worker that ends in order (88)', async () => {
    const log = join(scratch(), `teardown-${++logs}`);
    const executor = use({ max: 1, teardown: logTeardown, env: { ...process.env, OFFLOOP_TEST_LOG: log } });
    await executor.submit(lifeSigns, []);
    expect(existsSync(log)).toBe(false);
    await executor.shutdown();
    expect(readFileSync(log, 'utf8')).toBe('teardown\n');
  });

  it('on an empty pool resolves for warmup and for the end (120)', async () => {
    const executor = use({ max: 1 });
    await executor.shutdown();
    expect(executor.statistics()).toMatchObject({ completed: 0, failed: 0, cancelled: 0 });
    expect(reports).toEqual([]);
  });

  it.runIf(separate)('an executor made inside run() is shut down at its end; a job it abandoned does not hold it up (TH-13)', async () => {
    let executor!: ThreadPoolExecutor;
    await run(
      async () => {
        executor = new ThreadPoolExecutor({ max: 1 });
        const { job } = await runningJob(executor, spinForever, [], { onCancel: 'abandon' });
        job.cancel();
        await failure(job);
      },
      { signals: false },
    );
    expect(executor.statistics()).toMatchObject({ workers: 0 });
    expect(reports).toEqual([]);
  });
}
