import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CancelledError, ExecutorFullError, InvalidStateError, TimeoutError, WorkerDiedError } from '../../src/base/errors.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { timeout } from '../../src/core/timeout.ts';
import { resolvePoolOptions } from '../../src/executors/options.ts';
import { Pool } from '../../src/executors/pool.ts';
import type { WorkerListener } from '../../src/executors/worker-handle.ts';
import { encodeThrown } from '../../src/wire/error-codec.ts';
import { collectReports, fakePool, FakeWorker } from '../support/fake-worker.ts';
import { failure, turns } from '../support/virtual.ts';

const reports = collectReports();

/** Time in these tests is a number: nothing waits. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(async () => {
  await vi.runAllTimersAsync(); // the clock of the library is one for all tests: none of them must leave it waiting
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const silence = (): void => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
const warnings = (): string => vi.mocked(process.emitWarning).mock.calls.map(([text]) => String(text)).join('\n'); // prettier-ignore

describe('sizing', () => {
  it('starts no worker before the first job, then one per job up to max (20, 21)', () => {
    const { submit, workers, statistics } = fakePool({ max: 3 });
    expect(workers).toHaveLength(0);
    for (let i = 0; i < 5; i++) submit();
    expect(workers.map((w) => w.jobs.length)).toEqual([1, 1, 1]);
    expect(statistics()).toMatchObject({ workers: 3, busy: 3, idle: 0, queued: 2, running: 3 });
  });

  it('starts the minimum at once, and the first jobs use it', () => {
    const { submit, workers, statistics } = fakePool({ min: 2, max: 3 });
    expect(statistics()).toMatchObject({ workers: 2, busy: 0, idle: 2 });
    submit();
    submit();
    expect(workers).toHaveLength(2);
    expect(statistics()).toMatchObject({ workers: 2, busy: 2, idle: 0 });
  });

  it('uses the worker again that was used last', async () => {
    const { submit, workers } = fakePool({ min: 3, max: 3 });
    await Promise.resolve();
    submit();
    workers[2]!.run();
    submit();
    expect(workers.map((w) => w.batches)).toEqual([0, 0, 2]);
  });

  it('lets idle workers above min go after the idle time, longest idle first, and starts new ones later (25)', async () => {
    const { submit, workers, statistics } = fakePool({ min: 1, max: 3, idleTimeout: 1000 });
    const jobs = [submit(), submit(), submit()];
    await pass(0);
    workers[1]!.run();
    await pass(400);
    workers[2]!.run();
    workers[0]!.run();
    await Promise.all(jobs);
    await pass(610);
    expect(workers.map((w) => w.terminated)).toEqual([false, true, false]);
    await pass(400);
    expect(workers.filter((w) => w.terminated)).toHaveLength(2);
    await pass(100_000);
    expect(statistics()).toMatchObject({ workers: 1, respawned: 0 });
    void submit();
    void submit();
    expect(workers).toHaveLength(4);
  });

  it('keeps idle workers for ever with Infinity (26)', async () => {
    const fake = fakePool({ idleTimeout: Infinity });
    const job = fake.submit();
    await pass(0);
    fake.last.run();
    await job;
    await pass(1e12);
    expect(fake.statistics()).toMatchObject({ workers: 1, idle: 1 });
  });

  it('a worker keeps the process alive only while it has work', async () => {
    const fake = fakePool();
    const job = fake.submit();
    expect(fake.last.alive).toBe(true);
    await pass(0);
    fake.last.run();
    await job;
    expect(fake.last.alive).toBe(false);
    expect(vi.getTimerCount()).toBe(1); // that of the idle worker, which is unreferenced
  });
});

describe('the line', () => {
  it('starts jobs in the order of their submission (31)', async () => {
    const fake = fakePool();
    const jobs = Array.from({ length: 5 }, () => fake.submit());
    await pass(0);
    const started: number[] = [];
    while (fake.last.jobs.length > 0 && started.length < 5) {
      started.push(fake.last.jobs[0]!);
      fake.last.run();
    }
    expect(started).toEqual(jobs.map((job) => job.id));
  });

  it('starts the lowest priority number first, first come first served within one', async () => {
    const fake = fakePool();
    fake.submit();
    await pass(0);
    const [c, a, d, b] = [1, -1, 1, 0].map((priority) => fake.submit({ priority }));
    const started: number[] = [];
    for (let i = 0; i < 4; i++) {
      fake.last.run();
      started.push(fake.last.jobs[0]!);
    }
    expect(started).toEqual([a, b, c, d].map((job) => job!.id));
  });

  it('refuses what is above maxQueue, which never runs; the accepted ones end (43, 124)', async () => {
    const fake = fakePool({ maxQueue: 1, onFull: 'reject', name: 'small' });
    const [running, waiting, refused] = [fake.submit(), fake.submit(), fake.submit({ name: 'third' })];
    const error = await failure(refused);
    expect(error).toBeInstanceOf(ExecutorFullError);
    expect(error).toMatchObject({ code: 'OFFLOOP_EXECUTOR_FULL' });
    expect((error as Error).message).toBe('small is full: 1 workers are busy and 1 jobs wait (maxQueue 1); job "third" was refused');
    await pass(0);
    fake.last.run(1);
    fake.last.run(2);
    expect(await Promise.all([running, waiting])).toEqual([1, 2]);
    expect(fake.last.batches).toBe(2);
    expect(fake.statistics()).toMatchObject({ completed: 2, failed: 0, cancelled: 0 });
  });

  it.each([1, 2])('with maxQueue 0 it refuses when all of %i workers are busy (44)', async (max) => {
    const fake = fakePool({ max, maxQueue: 0, onFull: 'reject' });
    const accepted = Array.from({ length: max }, () => fake.submit());
    expect(await failure(fake.submit())).toBeInstanceOf(ExecutorFullError);
    await pass(0);
    for (const worker of fake.workers) worker.run();
    await Promise.all(accepted);
    expect(fake.submit().phase).toBe('sent');
  });

  it('signals, priorities and time limits change nothing about the limit of the queue (45, 123)', async () => {
    const fake = fakePool({ maxQueue: 1, onFull: 'reject' });
    const { signal } = new AbortController();
    fake.submit({ signal });
    const waiting = fake.submit({ signal, priority: 5, queueTimeout: 1000 });
    expect(fake.statistics()).toMatchObject({ queued: 1, running: 1 });
    expect(await failure(fake.submit({ signal, priority: -5 }))).toBeInstanceOf(ExecutorFullError);
    expect(waiting.phase).toBe('queued');
  });

  it.each([0, 1, 3])('with onFull wait all jobs run, in order, whatever maxQueue is (%i)', async (maxQueue) => {
    const fake = fakePool({ maxQueue });
    const jobs = Array.from({ length: 6 }, () => fake.submit());
    expect(jobs.map((job) => job.phase).filter((phase) => phase === 'held')).toHaveLength(5 - maxQueue);
    expect(fake.statistics()['queued']).toBe(maxQueue);
    await pass(0);
    const started: number[] = [];
    for (let i = 0; i < 6; i++) {
      started.push(fake.last.jobs[0]!);
      fake.last.run(i);
    }
    expect(started).toEqual(jobs.map((job) => job.id));
    expect(await Promise.all(jobs)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(fake.statistics()).toMatchObject({ queued: 0, running: 0, completed: 6 });
  });
});

describe('affinity', () => {
  const key = { affinity: 'k' };

  it('jobs of one key run in one worker, in order, while others overtake them elsewhere (41)', async () => {
    const fake = fakePool({ max: 2 });
    const [a, other, b, c] = [fake.submit(key), fake.submit(), fake.submit(key), fake.submit(key)];
    await pass(0);
    fake.workers[1]!.run();
    const free = fake.submit();
    expect(fake.workers[1]!.jobs).toEqual([free.id]);
    expect(fake.workers[0]!.jobs).toEqual([a!.id]);
    fake.workers[0]!.run();
    expect(fake.workers[0]!.jobs).toEqual([b!.id]);
    fake.workers[0]!.run();
    expect(fake.workers[0]!.jobs).toEqual([c!.id]);
    await other;
  });

  it('an idle home is woken for its job, although another worker looked at the line', async () => {
    const fake = fakePool({ max: 2 });
    fake.submit(key);
    fake.submit();
    await pass(0);
    fake.workers[0]!.run(); // the home rests
    const blocker = fake.submit({ affinity: 'other' });
    expect(fake.workers[0]!.jobs).toEqual([blocker.id]);
    const bound = fake.submit(key);
    expect(bound.phase).toBe('queued');
    fake.workers[0]!.run();
    expect(fake.workers[0]!.jobs).toEqual([bound.id]);
  });

  it('no worker is started for a job whose home is busy', async () => {
    const fake = fakePool({ max: 4 });
    fake.submit(key);
    for (let i = 0; i < 3; i++) fake.submit(key);
    expect(fake.workers).toHaveLength(1);
    expect(fake.statistics()).toMatchObject({ workers: 1, queued: 3 });
  });

  it('when the home dies its jobs are next for any worker, ahead of younger ones', async () => {
    const fake = fakePool({ max: 2 });
    const [dying, busy, bound1, bound2, young] = [fake.submit(key), fake.submit(), fake.submit(key), fake.submit(key), fake.submit()];
    await pass(0);
    fake.workers[0]!.claim();
    fake.workers[1]!.run(); // takes `young`, and finds out that the others are bound
    expect(fake.workers[1]!.jobs).toEqual([young!.id]);
    const youngest = fake.submit();
    fake.workers[0]!.die();
    expect(await failure(dying!)).toBeInstanceOf(WorkerDiedError);
    expect(fake.workers[2]!.jobs).toEqual([bound1!.id]);
    await pass(0);
    fake.workers[1]!.run();
    fake.workers[2]!.run();
    expect(fake.workers[2]!.jobs).toEqual([bound2!.id]);
    expect(fake.workers[1]!.jobs).toEqual([youngest.id]);
    await busy;
  });

  it('bound jobs count as queued, can be cancelled, and hold up a shutdown', async () => {
    const fake = fakePool({ max: 2 });
    fake.submit(key);
    fake.submit();
    const bound = fake.submit(key);
    await pass(0);
    fake.workers[1]!.run();
    expect(fake.statistics()['queued']).toBe(1);
    let closed = false;
    const shutdown = fake.pool.shutdown(Infinity, false).then(() => (closed = true));
    fake.workers[0]!.run();
    await turns(3);
    expect(closed).toBe(false);
    bound.cancel();
    fake.workers[0]!.run();
    await shutdown;
    expect(bound.state).toBe('cancelled');
  });
});

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
    expect(fake.last.control.mustStop(fake.last.control.sequence(0))).toBe(true);
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

  it('a job that is sent in time does not care about its queueTimeout any more', async () => {
    const fake = fakePool();
    const [, second] = [fake.submit(), fake.submit({ queueTimeout: 100 })];
    await pass(99);
    fake.last.run();
    await pass(1000);
    fake.last.run('in time');
    expect(await second).toBe('in time');
  });

  it('the time in the line before a worker died counts for the queueTimeout', async () => {
    const fake = fakePool();
    const first = fake.submit();
    await pass(0);
    fake.last.run();
    await first;
    const job = fake.submit({ queueTimeout: 100 });
    fake.submit();
    await pass(60);
    const { last } = fake;
    fake.broken = new Error('no memory');
    void failure(job);
    last.die(); // before it began
    await pass(60);
    expect(job.settled).toBe(true);
  });
});

describe('a worker that dies', () => {
  it('blames the job that ran, and nobody else (127, 138)', async () => {
    const fake = fakePool({ max: 2 });
    const [a, b, c] = [fake.submit({ name: 'a' }), fake.submit({ name: 'b' }), fake.submit({ name: 'c' })];
    await pass(0);
    fake.workers[0]!.claim();
    fake.workers[0]!.die({ exitCode: 3 });
    const error = await failure(a!);
    expect(error).toBeInstanceOf(WorkerDiedError);
    expect(error).toMatchObject({ job: 'a', why: 'exit', exitCode: 3, signalName: null, code: 'OFFLOOP_WORKER_DIED' });
    expect((error as Error).message).toBe('The worker died while it ran job "a": the worker exited with code 3');
    await pass(0);
    fake.workers[1]!.run('b');
    fake.workers[2]!.run('c');
    expect(await Promise.all([b, c])).toEqual(['b', 'c']);
    expect(fake.statistics()).toMatchObject({ failed: 1, completed: 2, respawned: 1 });
    expect([reports, fake.reports]).toEqual([[], []]);
  });

  it('before it began a job: the job runs elsewhere', async () => {
    const fake = fakePool();
    const first = fake.submit();
    await pass(0);
    fake.last.run();
    await first;
    const [second, third] = [fake.submit(), fake.submit()];
    fake.last.die();
    expect(fake.workers).toHaveLength(2);
    await pass(0);
    expect(fake.last.jobs).toEqual([second!.id]);
    fake.last.run(2);
    fake.last.run(3);
    expect(await Promise.all([second, third])).toEqual([2, 3]);
  });

  it('what it still said counts', async () => {
    const fake = fakePool();
    const [job, next] = [fake.submit(), fake.submit()];
    await pass(0);
    fake.last.claim();
    fake.last.die({}, [[0, 1, 'said']]);
    expect(await job).toBe('said');
    expect(fake.workers[0]!.batches).toBe(1); // nothing goes to a worker that is dying
    expect(fake.last.jobs).toEqual([next!.id]);
    expect(fake.reports).toHaveLength(1);
  });

  it('between jobs is reported each time, with what it threw (73, 75)', async () => {
    const fake = fakePool({ name: 'my pool' });
    for (const cause of [new Error('one'), new Error('two'), undefined]) {
      const job = fake.submit();
      await pass(0);
      fake.last.run();
      await job;
      fake.last.die(cause === undefined ? {} : { why: 'uncaught', cause });
    }
    expect(fake.reports.map(({ message }) => message)).toEqual(Array.from({ length: 3 }, () => 'A worker of my pool died between jobs'));
    expect(fake.reports.map(({ error }) => [(error as WorkerDiedError).why, ((error as Error).cause as Error | undefined)?.message])).toEqual([
      ['uncaught', 'one'],
      ['uncaught', 'two'],
      ['exit', undefined],
    ]);
    expect(fake.statistics()).toMatchObject({ workers: 0, completed: 3, failed: 0, respawned: 2 });
  });

  it('is replaced so that the minimum holds (77)', async () => {
    const fake = fakePool({ min: 2, max: 2 });
    await pass(0);
    fake.workers[0]!.die();
    expect(fake.workers).toHaveLength(3);
    expect(fake.statistics()).toMatchObject({ workers: 2, idle: 2, respawned: 1 });
  });

  it('before it is ready costs one job each, and is not started over and over', async () => {
    const fake = fakePool({ ready: false, min: 1, max: 1 });
    const jobs = [fake.submit(), fake.submit(), fake.submit()];
    for (const [i, job] of jobs.entries()) {
      fake.workers[i]!.die({ why: 'uncaught', cause: new Error('bad entry') });
      expect(await failure(job)).toMatchObject({ why: 'uncaught', cause: { message: 'bad entry' } });
    }
    await pass(100_000);
    expect(fake.workers).toHaveLength(3);
    expect(fake.statistics()).toMatchObject({ workers: 0, queued: 0, failed: 3 });
  });

  it('while it is told that it is ready gets no minimum either', async () => {
    const fake = fakePool({ ready: false, min: 2, max: 2 });
    fake.workers[0]!.die();
    fake.workers[1]!.die();
    await pass(100_000);
    expect(fake.workers).toHaveLength(2);
  });
});

describe('a worker that cannot be started', () => {
  it('is an error of the constructor when there is a minimum, and leaves none behind', async () => {
    const made: FakeWorker[] = [];
    const start = (listener: WorkerListener): FakeWorker => {
      if (made.length === 2) throw new Error('too many threads');
      made.push(new FakeWorker(listener));
      return made.at(-1)!;
    };
    const settings = resolvePoolOptions({ min: 3, max: 3, name: 'big' }, 'Pool');
    const error = await failure(() => new Pool(settings, start, () => {}));
    expect(error).toBeInstanceOf(InvalidStateError);
    expect((error as Error).message).toBe('big could not start a worker: too many threads');
    expect(made.map((w) => w.terminated)).toEqual([true, true]);
  });

  it('fails every job, the waiting ones too, and none runs later (4)', async () => {
    const fake = fakePool({ max: 2 });
    const cause = new Error('too many threads');
    fake.broken = cause;
    const jobs = Array.from({ length: 4 }, () => fake.submit());
    for (const job of jobs) expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_INVALID_STATE', cause });
    fake.broken = null;
    const later = fake.submit();
    await pass(0);
    expect(fake.last.jobs).toEqual([later.id]);
    fake.last.run('recovered');
    expect(await later).toBe('recovered');
    expect(fake.last.batches).toBe(1);
    expect(fake.statistics()).toMatchObject({ queued: 0, failed: 0, completed: 1 });
  });

  it('does not matter while another worker can take the job', async () => {
    const fake = fakePool({ max: 2 });
    fake.submit();
    fake.broken = new Error('too many threads');
    const second = fake.submit();
    await pass(0);
    expect(second.phase).toBe('queued');
    fake.last.run();
    fake.last.run('second');
    expect(await second).toBe('second');
  });

  it('when the last one dies, all that wait are told', async () => {
    const fake = fakePool();
    const jobs = [fake.submit(), fake.submit(), fake.submit()];
    await pass(0);
    fake.last.claim();
    fake.broken = new Error('too many threads');
    fake.last.die();
    expect(await failure(jobs[0]!)).toBeInstanceOf(WorkerDiedError);
    for (const job of jobs.slice(1)) expect(await failure(job)).toBeInstanceOf(InvalidStateError);
    expect(fake.statistics()['queued']).toBe(0);
  });

  it('in place of one of the minimum is reported, and the pool goes on', async () => {
    const fake = fakePool({ min: 2, max: 2, name: 'pair' });
    await pass(0);
    fake.broken = new Error('too many threads');
    fake.workers[0]!.die();
    expect(fake.reports.map(({ message }) => message)).toEqual([
      'A worker of pair died between jobs',
      'pair has fewer workers than its minimum of 2',
    ]);
    const job = fake.submit();
    fake.workers[1]!.run('other');
    expect(await job).toBe('other');
  });
});

describe('warming up', () => {
  it('starts all workers and waits until each is ready', async () => {
    const fake = fakePool({ max: 3, ready: false });
    let warm = false;
    const warming = fake.pool.warmup().then(() => (warm = true));
    expect(fake.statistics()).toMatchObject({ workers: 3, idle: 3 });
    fake.workers[0]!.ready();
    fake.workers[1]!.ready();
    await turns(2);
    expect(warm).toBe(false);
    expect(fake.workers.map((w) => w.alive)).toEqual([false, false, true]);
    fake.workers[2]!.ready();
    await warming;
    expect(fake.workers.some((w) => w.alive)).toBe(false);
  });

  it('a second call waits as well', async () => {
    const fake = fakePool({ ready: false });
    let warm = 0;
    const both = [fake.pool.warmup(), fake.pool.warmup()].map((done) => done.then(() => warm++));
    await turns(2);
    expect(warm).toBe(0);
    fake.last.ready();
    await Promise.all(both);
  });

  it('rejects when init fails, and so does the job that waited for it', async () => {
    const fake = fakePool({ ready: false });
    const warming = failure(fake.pool.warmup());
    const job = fake.submit({ name: 'mine' });
    fake.last.unready(new RangeError('no licence'));
    expect(await warming).toMatchObject({ code: 'OFFLOOP_WORKER_DIED', why: 'load-failed', cause: { message: 'no licence' } });
    const error = await failure(job);
    expect(error).toMatchObject({ job: 'mine', why: 'load-failed' });
    expect((error as Error).message).toContain('could not get ready, so job "mine" could not run: RangeError: no licence');
    await pass(100_000);
    expect(fake.workers).toHaveLength(1);
    expect(fake.last.terminated).toBe(true);
  });

  it('rejects when the worker dies, when it cannot be started, and when the pool is closed', async () => {
    const fake = fakePool({ ready: false });
    const dying = failure(fake.pool.warmup());
    fake.last.die();
    expect(await dying).toBeInstanceOf(WorkerDiedError);
    fake.broken = new Error('too many threads');
    expect(await failure(fake.pool.warmup())).toBeInstanceOf(InvalidStateError);
    await fake.pool.shutdown(Infinity, false);
    expect(await failure(fake.pool.warmup())).toBeInstanceOf(InvalidStateError);
  });

  it('is ended by a shutdown, which does not wait for it', async () => {
    const fake = fakePool({ ready: false });
    const warming = failure(fake.pool.warmup());
    await fake.pool.shutdown(Infinity, false);
    expect(await warming).toMatchObject({ why: 'terminated' });
    expect(fake.statistics()['workers']).toBe(0);
  });
});

describe('a module that fails to load', () => {
  it('blames the job, and the next one gets a new worker, where a corrected file works (128)', async () => {
    const fake = fakePool();
    const [bad, good] = [fake.submit({ name: 'bad' }), fake.submit()];
    await pass(0);
    fake.last.claim();
    fake.last.failToLoad('file:///broken.js', new SyntaxError('oops'));
    const error = await failure(bad!);
    expect(error).toMatchObject({ job: 'bad', why: 'load-failed', cause: { message: 'oops' } });
    expect((error as Error).message).toBe(
      'Module file:///broken.js failed to load in the worker, so job "bad" could not run: SyntaxError: oops',
    );
    expect(fake.workers).toHaveLength(2);
    await pass(0);
    fake.last.run('fixed');
    expect(await good).toBe('fixed');
    expect(fake.workers[0]!.terminated).toBe(true);
    expect(fake.statistics()).toMatchObject({ respawned: 1, failed: 1, completed: 1 });
  });
});

describe('shutdown', () => {
  it('without jobs ends the workers (107, 114)', async () => {
    for (const min of [0, 2]) {
      const fake = fakePool({ min, max: 2 });
      await fake.pool.shutdown(Infinity, false);
      expect(fake.workers.map((w) => w.terminated)).toEqual(Array.from({ length: min }, () => true));
      expect(fake.statistics()).toMatchObject({ workers: 0, idle: 0 });
      await fake.pool.shutdown(Infinity, false);
    }
  });

  it('waits for running, queued and held jobs and refuses new ones with the reason (108, 109, 131)', async () => {
    const fake = fakePool({ maxQueue: 1, name: 'closing' });
    const jobs = [fake.submit(), fake.submit(), fake.submit()];
    await pass(0);
    let closed = false;
    const shutdown = fake.pool.shutdown(Infinity, false).then(() => (closed = true));
    const error = await failure(fake.submit());
    expect(error).toBeInstanceOf(InvalidStateError);
    expect((error as Error).message).toBe('Executor shutdown has been called: closing accepts no more jobs');
    for (let i = 0; i < 3; i++) {
      await turns(2);
      expect(closed).toBe(false);
      fake.last.run(i);
    }
    await shutdown;
    expect(await Promise.all(jobs)).toEqual([0, 1, 2]);
    expect(fake.last.terminated).toBe(true);
  });

  it('with cancelPending cancels what has not begun, wherever it is, and leaves the running alone (55, 110)', async () => {
    const fake = fakePool({ max: 2, maxQueue: 2 });
    const [running, starting, ...waiting] = Array.from({ length: 7 }, () => fake.submit());
    await pass(0);
    fake.workers[0]!.claim();
    expect(waiting.map((job) => job.phase)).toEqual(['queued', 'queued', 'held', 'held', 'held']);
    const shutdown = fake.pool.shutdown(Infinity, true);
    expect([starting!, ...waiting].map((job) => job.state)).toEqual(Array.from({ length: 6 }, () => 'cancelled'));
    expect(await failure(waiting[0]!)).toMatchObject({ source: 'shutdown' });
    expect(fake.workers[0]!.sent('cancel')).toEqual([]);
    fake.workers[0]!.finish('kept');
    await shutdown;
    expect(await running).toBe('kept');
  });

  it('with a time limit says so, cancels and kills what is left (111)', async () => {
    silence();
    const fake = fakePool({ max: 1, maxQueue: 1, name: 'slow closer' });
    const [running, queued, held] = [fake.submit({ onCancel: 'wait' }), fake.submit(), fake.submit()];
    await pass(0);
    fake.last.claim();
    fake.last.stubborn = true;
    let closed = false;
    const shutdown = fake.pool.shutdown(200, false).then(() => (closed = true));
    await pass(199);
    expect(running!.state).toBe('running');
    await pass(1);
    expect(warnings()).toBe('slow closer did not shut down within 200 ms: 1 running and 2 waiting jobs were cancelled');
    expect([queued!.state, held!.state]).toEqual(['cancelled', 'cancelled']);
    expect([running!.settled, closed]).toEqual([false, false]); // the thread may still be at it
    fake.last.go();
    await shutdown;
    expect(await failure(running!)).toMatchObject({ source: 'shutdown' });
    expect(fake.statistics()).toMatchObject({ workers: 0, cancelled: 3 });
    expect(fake.workers).toHaveLength(1);
  });

  it('in time leaves no timer behind', async () => {
    const fake = fakePool();
    const job = fake.submit();
    await pass(0);
    const shutdown = fake.pool.shutdown(1000, false);
    fake.last.run();
    await shutdown;
    await job;
    await pass(5000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('twice: the second waits too, and its time limit counts', async () => {
    silence();
    const fake = fakePool({ name: 'closed twice' });
    const job = fake.submit();
    await pass(0);
    fake.last.claim();
    const first = fake.pool.shutdown(Infinity, false);
    const second = fake.pool.shutdown(100, false);
    void failure(job);
    await pass(101);
    await Promise.all([first, second]);
    expect(job.state).toBe('cancelled');
  });

  it('while a worker starts up', async () => {
    const fake = fakePool({ ready: false });
    const job = fake.submit();
    const shutdown = fake.pool.shutdown(Infinity, false);
    fake.last.ready();
    fake.last.run('done');
    await shutdown;
    expect(await job).toBe('done');
  });

  it('while a worker that cannot get ready starts up', async () => {
    const fake = fakePool({ ready: false });
    const jobs = [fake.submit(), fake.submit()].map((job) => failure(job));
    const shutdown = fake.pool.shutdown(Infinity, false);
    fake.workers[0]!.die();
    fake.workers[1]!.unready(new Error('init'));
    await shutdown;
    expect((await Promise.all(jobs)).map((error) => (error as WorkerDiedError).why)).toEqual(['exit', 'load-failed']);
  });

  it('while a worker is being killed waits for that one as well', async () => {
    const fake = fakePool();
    const job = fake.submit({ grace: 0 });
    await pass(0);
    fake.last.claim();
    fake.last.stubborn = true;
    job.cancel();
    await pass(10);
    let closed = false;
    const shutdown = fake.pool.shutdown(Infinity, false).then(() => (closed = true));
    await turns(3);
    expect([fake.last.terminated, closed, job.settled]).toEqual([true, false, false]);
    fake.last.go();
    await shutdown;
    expect(job.state).toBe('cancelled');
  });

  it('does not wait for abandoned jobs, whose workers are killed (TH-13)', async () => {
    const fake = fakePool();
    const job = fake.submit({ onCancel: 'abandon' });
    await pass(0);
    fake.last.claim();
    job.cancel();
    await fake.pool.shutdown(Infinity, false);
    expect(fake.last.terminated).toBe(true);
    fake.last.finish('too late'); // late messages are ignored (119)
    fake.last.ready();
    expect(fake.statistics()).toMatchObject({ workers: 0, completed: 0, cancelled: 1 });
  });

  it('jobs abandoned while it waits end it', async () => {
    const fake = fakePool();
    const job = fake.submit({ onCancel: 'abandon' });
    await pass(0);
    fake.last.claim();
    const shutdown = fake.pool.shutdown(Infinity, false);
    job.cancel();
    await shutdown;
  });

  it('a crash meanwhile fails its job, and the rest runs on a new worker', async () => {
    const fake = fakePool();
    const [bad, good] = [fake.submit(), fake.submit()];
    await pass(0);
    fake.last.claim();
    const shutdown = fake.pool.shutdown(Infinity, false);
    fake.last.die();
    expect(await failure(bad!)).toBeInstanceOf(WorkerDiedError);
    await pass(0);
    fake.last.run('good');
    await shutdown;
    expect(await good).toBe('good');
    expect(fake.workers.map((w) => w.terminated)).toEqual([false, true]);
  });
});

describe('teardown', () => {
  const teardown = Object.assign(() => 0, { [Symbol.for('offloop.function.v1')]: { id: 1, ref: { source: '() => 0', name: 't' }, name: 't' } });
  const options = { teardown: teardown as never };

  it('runs in each worker that ends in order, before it is terminated (88)', async () => {
    const fake = fakePool({ ...options, min: 2, max: 2 });
    await pass(0);
    const shutdown = fake.pool.shutdown(Infinity, false);
    for (const worker of fake.workers) {
      expect([worker.sent('goodbye').length, worker.terminated, worker.alive]).toEqual([1, false, true]);
      worker.say({ type: 'goodbye' });
    }
    await shutdown;
    expect(fake.workers.every((w) => w.terminated)).toBe(true);
  });

  it('does not run in a worker that was never ready', async () => {
    const fake = fakePool({ ...options, min: 1, ready: false });
    await fake.pool.shutdown(Infinity, false);
    expect(fake.last.sent('goodbye')).toEqual([]);
  });

  it('that hangs is given up after a second, with a warning', async () => {
    silence();
    const fake = fakePool({ ...options, min: 1, name: 'never done' });
    await pass(0);
    const shutdown = fake.pool.shutdown(Infinity, false);
    await pass(999);
    expect(fake.last.terminated).toBe(false);
    await pass(1);
    await shutdown;
    expect(warnings()).toBe('teardown of never done took longer than 1000 ms, so its worker was killed');
  });

  it('that fails is a warning, and the worker ends', async () => {
    silence();
    const fake = fakePool({ ...options, min: 1, name: 'torn' });
    await pass(0);
    const shutdown = fake.pool.shutdown(Infinity, false);
    fake.last.say({ type: 'goodbye', failed: encodeThrown(new Error('disk full')) });
    await shutdown;
    expect(warnings()).toBe('teardown of torn failed: Error: disk full');
  });

  it('in which the worker dies is a warning', async () => {
    silence();
    const fake = fakePool({ ...options, min: 1, name: 'fragile' });
    await pass(0);
    const shutdown = fake.pool.shutdown(Infinity, false);
    fake.last.die();
    await shutdown;
    expect(warnings()).toContain('teardown of fragile failed');
    expect(fake.reports).toEqual([]);
  });

  it('runs in a worker that is replaced because a module failed there', async () => {
    const fake = fakePool(options);
    const job = fake.submit();
    await pass(0);
    fake.last.claim();
    fake.last.failToLoad('file:///x.js', new Error('x'));
    await failure(job);
    expect(fake.last.sent('goodbye')).toHaveLength(1);
    fake.last.say({ type: 'goodbye' });
    await pass(0);
    expect(fake.last.terminated).toBe(true);
  });
});
