import { describe, expect, it, vi } from 'vitest';
import { WorkerDiedError } from '../../src/base/errors.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { broadcast } from '../../src/executors/broadcast.ts';
import { fakeTime } from '../support/fake-time.ts';
import { collectReports, fakePool } from '../support/fake-worker.ts';
import type { FakePool } from '../support/fake-worker.ts';
import { failure } from '../support/virtual.ts';

const pass = fakeTime();
const reports = collectReports();

const fn = (n: number): number => n;
const call = (fake: FakePool, args: unknown = [1]): Promise<unknown[]> => broadcast(fake.pool, fn, args as unknown[], call);

describe('broadcast', () => {
  it('runs once in every worker; the results are in the order of the workers', async () => {
    const fake = fakePool({ min: 3, max: 3 });
    const all = call(fake);
    await pass(0);
    expect(fake.workers.map((w) => w.batches)).toEqual([1, 1, 1]);
    for (const i of [2, 0, 1]) fake.workers[i]!.run(i);
    expect(await all).toEqual([0, 1, 2]);
    expect(fake.statistics()).toMatchObject({ completed: 3, queued: 0 });
  });

  it('starts all workers when there is none, and no more when there are some', async () => {
    const cold = fakePool({ max: 3 });
    const all = call(cold);
    await pass(0);
    for (const worker of cold.workers) worker.run();
    expect(await all).toHaveLength(3);
    const warm = fakePool({ min: 1, max: 3 });
    const one = call(warm);
    await pass(0);
    warm.last.run('only');
    expect([await one, warm.workers.length]).toEqual([['only'], 1]);
  });

  it('waits for its turn in busy workers, and overtakes nothing', async () => {
    const fake = fakePool({ max: 2 });
    const jobs = [1, 2, 3].map(() => fake.submit());
    const all = call(fake);
    const later = fake.submit();
    await pass(0);
    fake.workers[0]!.run('a');
    expect(fake.workers[0]!.jobs).toEqual([jobs[2]!.id]);
    fake.workers[1]!.run('b');
    expect(fake.workers[1]!.jobs).not.toEqual([later.id]); // its part of the broadcast came before
    fake.workers[1]!.run('second');
    expect(fake.workers[1]!.jobs).toEqual([later.id]);
    fake.workers[0]!.run('c');
    fake.workers[0]!.run('first');
    fake.workers[1]!.run('later');
    expect(await all).toEqual(['first', 'second']);
    expect(await Promise.all([...jobs, later])).toEqual(['a', 'b', 'c', 'later']);
  });

  it('reaches every worker although the queue is full', async () => {
    const fake = fakePool({ max: 2, maxQueue: 0, onFull: 'reject' });
    const busy = [fake.submit(), fake.submit()];
    const all = call(fake);
    await pass(0);
    for (const worker of fake.workers) worker.run();
    for (const worker of fake.workers) worker.run('reached');
    expect(await all).toEqual(['reached', 'reached']);
    await Promise.all(busy);
  });

  it('rejects with the first error after all have ended; the others are reported unless they are the same', async () => {
    const fake = fakePool({ min: 4, max: 4 });
    const all = call(fake);
    const ended = vi.fn<() => void>();
    const failed = failure(all.finally(ended));
    await pass(0);
    for (const worker of fake.workers) worker.claim();
    fake.workers[2]!.fail(new Error('no'));
    fake.workers[0]!.fail(new Error('no'));
    fake.workers[1]!.fail(new Error('other'));
    await pass(0);
    expect(ended).not.toHaveBeenCalled();
    fake.workers[3]!.finish();
    expect(await failed).toMatchObject({ message: 'no' });
    expect(reports.map(({ message, error }) => [message, (error as Error).message])).toEqual([
      ['Another error in executor.broadcast', 'other'],
    ]);
  });

  it('is cancelled with its scope: what has not begun never runs, the rest is stopped', async () => {
    const fake = fakePool({ max: 2 });
    const busy = fake.submit();
    fake.submit();
    await pass(0);
    fake.workers[1]!.run();
    const scope = new CancelScope();
    const over = scope.run(() => call(fake));
    await pass(0);
    fake.workers[1]!.claim();
    scope.cancel();
    expect(fake.workers[1]!.sent('cancel')).toHaveLength(1);
    fake.workers[1]!.finish();
    expect([await over, scope.cancelledCaught]).toEqual([undefined, true]);
    fake.workers[0]!.run('unharmed');
    expect(await busy).toBe('unharmed');
    expect([fake.workers[0]!.batches, fake.statistics()['queued']]).toEqual([1, 0]);
  });

  it('a worker that dies before its turn fails it, and its part runs nowhere else', async () => {
    const fake = fakePool({ max: 2 });
    const [a, b] = [fake.submit(), fake.submit()];
    await pass(0);
    for (const worker of fake.workers) worker.claim();
    const failed = failure(call(fake));
    fake.workers[0]!.die({ exitCode: 9 });
    fake.workers[1]!.finish('b');
    fake.workers[1]!.run('reached');
    expect(await failed).toMatchObject({
      code: 'OFFLOOP_WORKER_DIED',
      why: 'exit',
      exitCode: 9,
      message: expect.stringMatching(/^The worker was gone before it ran job "fn", .*: the worker exited with code 9$/) as string,
    });
    expect([await failure(a), await b]).toEqual([expect.any(WorkerDiedError), 'b']);
    expect(fake.statistics()).toMatchObject({ queued: 0, running: 0, failed: 2, completed: 2 });
    expect(fake.workers.map((w) => w.batches)).toEqual([1, 2]);
  });

  it('one that was sent and had not begun when its worker died fails as well', async () => {
    const fake = fakePool({ min: 1, max: 1 });
    await pass(0);
    const failed = failure(call(fake));
    await pass(0);
    fake.last.die();
    expect(await failed).toMatchObject({ code: 'OFFLOOP_WORKER_DIED' });
    await pass(0);
    expect([fake.workers.length, fake.last.batches]).toEqual([2, 0]);
  });

  it('fails as terminated when its worker is killed for another job', async () => {
    const fake = fakePool({ max: 1 });
    const stuck = fake.submit({ grace: 1 });
    await pass(0);
    fake.last.claim();
    const failed = failure(call(fake));
    stuck.cancel();
    await pass(10);
    expect(await failed).toMatchObject({ code: 'OFFLOOP_WORKER_DIED', why: 'terminated' });
  });

  it('tells why workers do not get ready', async () => {
    const fake = fakePool({ max: 2, ready: false });
    const failed = failure(call(fake));
    await pass(0);
    for (const worker of fake.workers.slice()) worker.unready(new Error('no licence'));
    expect(await failed).toMatchObject({ why: 'load-failed', cause: { message: 'no licence' } });
    expect(fake.statistics()).toMatchObject({ queued: 0, workers: 0 });
  });

  it('a shutdown waits for it, and a later one is refused', async () => {
    const fake = fakePool({ min: 1, max: 1 });
    const all = call(fake);
    const over = fake.pool.shutdown(Infinity, false);
    await pass(0);
    fake.last.run('before the end');
    expect(await all).toEqual(['before the end']);
    await over;
    expect(await failure(call(fake))).toMatchObject({ code: 'OFFLOOP_INVALID_STATE' });
  });

  it('refuses what is no function and what are no arguments', async () => {
    const fake = fakePool({ min: 1 });
    expect(await failure(broadcast(fake.pool, 5 as never, [], call))).toMatchObject({
      message: 'Expected fn to be a function, got 5 (number)',
    });
    expect(await failure(call(fake, 5))).toMatchObject({ message: 'Expected args to be an array of arguments, got 5 (number)' });
    expect(fake.last.batches).toBe(0);
  });
});
