/** Cancelling jobs and limiting their time, at every moment of their lives. */
import { describe, expect, it, vi } from 'vitest';
import { CancelledError, TimeoutError } from '../../src/base/errors.ts';
import type { WorkerDiedError } from '../../src/base/errors.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { timeout } from '../../src/core/timeout.ts';
import { fakeTime } from '../support/fake-time.ts';
import { collectReports, fakePool } from '../support/fake-worker.ts';
import { failure, turns } from '../support/virtual.ts';

const pass = fakeTime();
const reports = collectReports();

describe('cancelling a job', () => {
  it('that waits for a place in the queue: it never runs, the next takes its turn', async () => {
    const fake = fakePool({ maxQueue: 1 });
    const [running, queued, held, last] = [fake.submit(), fake.submit(), fake.submit(), fake.submit()];
    expect([queued, held, last].map((job) => job!.phase)).toEqual(['queued', 'held', 'held']);
    expect(held!.cancel('enough')).toBe(true);
    expect(await failure(held!)).toMatchObject({ code: 'OFFLOOP_CANCELLED', reason: 'enough' });
    await pass(0);
    for (let i = 0; i < 3; i++) fake.last.run(i);
    expect(await Promise.all([running, queued, last])).toEqual([0, 1, 2]);
    expect(fake.last.batches).toBe(3);
  });

  it('that waits in the queue: it never runs, and makes room (49, 57)', async () => {
    const fake = fakePool({ maxQueue: 1 });
    const [, queued, held] = [fake.submit(), fake.submit(), fake.submit()];
    queued!.cancel();
    expect(queued!.state).toBe('cancelled');
    expect(held!.phase).toBe('queued');
    expect(fake.statistics()).toMatchObject({ queued: 1, cancelled: 1 });
  });

  it('that was sent and has not begun: it never runs, the worker takes the next', async () => {
    const fake = fakePool();
    const [sent, next] = [fake.submit(), fake.submit()];
    sent!.cancel();
    expect(await failure(sent!)).toBeInstanceOf(CancelledError);
    expect(next!.phase).toBe('queued');
    expect(fake.statistics()).toMatchObject({ workers: 1, busy: 1, running: 0, queued: 1 });
    await pass(0);
    expect(fake.last.claim()).toBe(false);
    expect(fake.last.jobs).toEqual([next!.id]);
    fake.last.run('next');
    expect(await next).toBe('next');
    expect(fake.statistics()).toMatchObject({ completed: 1, cancelled: 1, running: 0, queued: 0 });
  });

  it('that runs: it is asked to stop, and ends as cancelled when it does, without a kill (48, 56, 61)', async () => {
    const fake = fakePool();
    const job = fake.submit({ grace: 1000 });
    await pass(0);
    fake.last.claim();
    job.cancel('stop');
    expect(fake.last.control.mustStop(1)).toBe(true);
    expect(fake.last.sent('cancel')).toHaveLength(1);
    expect(job.settled).toBe(false);
    fake.last.fail(new CancelledError());
    expect(await failure(job)).toMatchObject({ source: 'explicit', reason: 'stop' });
    await pass(5000);
    expect(fake.last.terminated).toBe(false);
    expect(fake.submit().phase).toBe('sent');
    expect(reports).toEqual([]);
  });

  it('that runs and does not stop: the worker is killed after the grace, and the next job gets a new one (62, 77)', async () => {
    const fake = fakePool({ min: 1 });
    const [job, next] = [fake.submit({ grace: 500 }), fake.submit()];
    await pass(0);
    fake.last.claim();
    job!.cancel();
    await pass(499);
    expect(fake.last.terminated).toBe(false);
    await pass(2);
    expect(await failure(job!)).toBeInstanceOf(CancelledError);
    expect(fake.workers).toHaveLength(2);
    expect(fake.last.jobs).toEqual([next!.id]);
    expect(fake.statistics()).toMatchObject({ workers: 1, respawned: 1, cancelled: 1, running: 1 });
  });

  it('that runs: it ends only when the worker is really gone', async () => {
    const fake = fakePool();
    const job = fake.submit({ grace: 0 });
    await pass(0);
    fake.last.claim();
    fake.last.stubborn = true;
    job.cancel();
    await pass(10);
    expect(fake.last.terminated).toBe(true);
    expect(job.settled).toBe(false);
    fake.last.go();
    expect(await failure(job)).toBeInstanceOf(CancelledError);
  });

  it('with wait: it is asked, and never killed', async () => {
    const fake = fakePool();
    const job = fake.submit({ onCancel: 'wait', grace: 0 });
    await pass(0);
    fake.last.claim();
    job.cancel();
    await pass(1_000_000);
    expect(fake.last.sent('cancel')).toHaveLength(1);
    expect(job.settled).toBe(false);
    fake.last.finish('too late');
    expect(await failure(job)).toBeInstanceOf(CancelledError);
    expect(fake.last.terminated).toBe(false);
  });

  it('with abandon: it ends at once, the worker stays taken until the job has ended (TH-09)', async () => {
    const fake = fakePool();
    const [job, next] = [fake.submit({ onCancel: 'abandon' }), fake.submit()];
    await pass(0);
    fake.last.claim();
    job!.cancel();
    expect(job!.state).toBe('cancelled');
    expect(fake.last.sent('cancel')).toHaveLength(1);
    await pass(1_000_000);
    expect(next!.phase).toBe('queued');
    expect(fake.statistics()).toMatchObject({ workers: 1, busy: 1, running: 1, queued: 1 });
    fake.last.finish('nobody hears it');
    expect(fake.last.jobs).toEqual([next!.id]);
    expect(fake.statistics()).toMatchObject({ cancelled: 1, completed: 0 });
  });

  it('that has ended changes nothing (65)', async () => {
    const fake = fakePool();
    const job = fake.submit();
    await pass(0);
    fake.last.run(7);
    expect(job.cancel()).toBe(false);
    expect(await job).toBe(7);
    expect(fake.last.sent('cancel')).toEqual([]);
    expect(fake.statistics()).toMatchObject({ completed: 1, cancelled: 0 });
  });

  it('whose result is on its way is cancelled all the same, and its worker lives', async () => {
    const fake = fakePool();
    const job = fake.submit({ grace: 100 });
    await pass(0);
    fake.last.claim();
    job.cancel();
    fake.last.finish('late');
    expect(await failure(job)).toBeInstanceOf(CancelledError);
    await pass(1000);
    expect(fake.last.terminated).toBe(false);
  });

  it('twice is cancelling it once, with the first reason', async () => {
    const fake = fakePool();
    const job = fake.submit({ grace: 10 });
    await pass(0);
    fake.last.claim();
    expect([job.cancel('first'), job.cancel('second')]).toEqual([true, true]);
    await pass(100);
    expect(await failure(job)).toMatchObject({ reason: 'first' });
    expect(job.cancel()).toBe(false);
    expect(fake.last.sent('cancel')).toHaveLength(1);
    expect(fake.workers).toHaveLength(1);
    expect(fake.statistics()).toMatchObject({ workers: 0, cancelled: 1, respawned: 0 });
  });

  it('whose worker dies meanwhile: it ends as cancelled, and the death is reported', async () => {
    const fake = fakePool();
    const job = fake.submit({ grace: 1000 });
    await pass(0);
    fake.last.claim();
    job.cancel();
    fake.last.die();
    expect(await failure(job)).toBeInstanceOf(CancelledError);
    expect(reports.map(({ message, error }) => [message, (error as WorkerDiedError).why])).toEqual([
      ['A job failed while it was being cancelled', 'exit'],
    ]);
    await pass(5000);
    expect(fake.statistics()).toMatchObject({ cancelled: 1, failed: 0, workers: 0 });
  });

  it('by a signal keeps its reason and takes the listener away again (51, 52)', async () => {
    const fake = fakePool();
    const controller = new AbortController();
    const remove = vi.spyOn(controller.signal, 'removeEventListener');
    const [first, second] = [fake.submit({ signal: controller.signal }), fake.submit({ signal: controller.signal })];
    await pass(0);
    fake.last.run();
    await first;
    expect(remove).toHaveBeenCalledTimes(1);
    const reason = new Error('user left');
    controller.abort(reason);
    expect(await failure(second!)).toMatchObject({ source: 'signal', reason, cause: reason });
  });

  it('whose signal is aborted before: it is not sent anywhere (50)', async () => {
    const fake = fakePool();
    expect(await failure(fake.submit({ signal: AbortSignal.abort() }))).toMatchObject({ source: 'signal' });
    expect(fake.workers).toEqual([]);
    expect(fake.statistics()).toMatchObject({ cancelled: 0, queued: 0 });
  });

  it('in a cancelled scope nothing is sent, not even after a shutdown is it misuse (TH-07)', async () => {
    const fake = fakePool();
    const scope = new CancelScope();
    await scope.run(async () => {
      scope.cancel();
      expect(await failure(fake.submit())).toBeInstanceOf(CancelledError);
      await fake.pool.shutdown(Infinity, false);
      expect(await failure(fake.submit())).toBeInstanceOf(CancelledError);
    });
    expect(fake.workers).toEqual([]);
    expect(reports).toEqual([]);
  });
});

describe('awaiting a job in a cancelled scope', () => {
  it('goes on only when the job has really ended (TH-07)', async () => {
    const fake = fakePool();
    const scope = new CancelScope();
    let over = false;
    const body = scope.run(async () => {
      await fake.submit({ onCancel: 'wait' }).catch(() => {});
      over = true;
    });
    await pass(0);
    fake.last.claim();
    scope.cancel();
    await turns(3);
    expect(over).toBe(false);
    fake.last.finish();
    await body;
    expect(over).toBe(true);
  });

  it('goes on at once when the job was abandoned', async () => {
    const fake = fakePool();
    const scope = new CancelScope();
    const body = scope.run(() => fake.submit({ onCancel: 'abandon' }));
    await pass(0);
    fake.last.claim();
    scope.cancel();
    await body;
    expect(scope.cancelledCaught).toBe(true);
    fake.last.finish();
  });

  it('goes on at once when only the wait is in that scope, and the job is not', async () => {
    const fake = fakePool();
    const job = fake.submit();
    await pass(0);
    fake.last.claim();
    const waiting = failure(timeout(100, () => job));
    await pass(101);
    expect(await waiting).toBeInstanceOf(TimeoutError);
    expect(job.state).toBe('running');
    fake.last.finish('still fine');
    expect(await job).toBe('still fine');
  });
});

describe('time limits', () => {
  it('the limit of a run counts from the start in the worker, not from submit or dispatch (60, 141)', async () => {
    const fake = fakePool({ ready: false });
    const job = fake.submit({ timeout: 100, grace: 50 });
    await pass(10_000); // a very slow start
    expect(job.state).toBe('running');
    fake.last.ready();
    fake.last.claim();
    await pass(99);
    expect(job.state).toBe('running');
    await pass(2);
    expect(job.state).toBe('cancelling');
    await pass(51);
    const error = await failure(job);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ message: 'Job "f" ran longer than its timeout of 100 ms', cause: { source: 'deadline' } });
    expect(fake.last.terminated).toBe(true);
  });

  it('a job that ends in time leaves no timer behind (64)', async () => {
    const fake = fakePool({ idleTimeout: Infinity });
    const job = fake.submit({ timeout: 100, queueTimeout: 100 });
    await pass(0);
    fake.last.run();
    await job;
    await pass(1000);
    expect(vi.getTimerCount()).toBe(0);
    expect(fake.last.sent('cancel')).toEqual([]);
  });

  it('a job that could not be sent at all leaves no timer behind, which would hold the process', async () => {
    const fake = fakePool({ idleTimeout: Infinity });
    const job = fake.submit({ timeout: 1e9, queueTimeout: 1e9 }, [() => 0]);
    expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE' });
    await pass(1000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a job that was cancelled first stays cancelled when its time is up', async () => {
    const fake = fakePool();
    const job = fake.submit({ timeout: 100, onCancel: 'wait' });
    await pass(0);
    fake.last.claim();
    job.cancel('mine');
    await pass(1000);
    fake.last.finish();
    expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_CANCELLED', reason: 'mine' });
  });

  it('a job that waits too long in the line never runs', async () => {
    const fake = fakePool();
    const [, late] = [fake.submit(), fake.submit({ queueTimeout: 100 })];
    await pass(101);
    const error = await failure(late!);
    expect(error).toBeInstanceOf(TimeoutError);
    expect((error as Error).message).toBe('Job "f" did not start within its queueTimeout of 100 ms');
    fake.last.run();
    expect(fake.last.batches).toBe(1);
    expect(fake.statistics()).toMatchObject({ queued: 0, cancelled: 0, failed: 1 });
  });

  it('a job that begins in time does not care about its queueTimeout any more', async () => {
    const fake = fakePool();
    const [, second] = [fake.submit(), fake.submit({ queueTimeout: 100 })];
    await pass(99);
    fake.last.run();
    fake.last.claim();
    await pass(1000);
    fake.last.finish('in time');
    expect(await second).toBe('in time');
  });

  it('the queueTimeout goes on counting when a job comes back to the line because its worker died', async () => {
    const fake = fakePool({ max: 2 });
    await Promise.all([fake.pool.warmup(), pass(0)]);
    fake.submit();
    const job = fake.submit({ queueTimeout: 100 });
    await pass(60);
    fake.broken = new Error('too many threads');
    fake.workers.find((worker) => worker.jobs[0] === job.id)!.die(); // before it began
    expect(job.phase).toBe('queued'); // for the other worker
    await pass(39);
    expect(job.settled).toBe(false);
    await pass(2);
    expect(await failure(job)).toBeInstanceOf(TimeoutError);
  });
});
