/** The scheduler with workers that do what the test says. Its other parts: pool-cancel, pool-death, pool-shutdown, pool.property. */
import { describe, expect, it, vi } from 'vitest';
import { ExecutorFullError, WorkerDiedError } from '../../src/base/errors.ts';
import { fakeTime } from '../support/fake-time.ts';
import { fakePool } from '../support/fake-worker.ts';
import { failure, turns } from '../support/virtual.ts';

const pass = fakeTime();

describe('sizing', () => {
  it('starts no worker before the first job, then one per job up to max (20, 21)', () => {
    const { submit, workers, statistics } = fakePool({ max: 3 });
    expect(workers).toHaveLength(0);
    for (let i = 0; i < 5; i++) submit();
    expect(workers.map((w) => w.jobs.length)).toEqual([1, 1, 1]);
    expect(statistics()).toMatchObject({ workers: 3, busy: 3, idle: 0, queued: 2, running: 3 });
  });

  it('starts the minimum at once, and the first jobs use it; idle are those that are ready (23)', async () => {
    const { submit, workers, statistics } = fakePool({ min: 2, max: 3 });
    expect(statistics()).toMatchObject({ workers: 2, busy: 0, idle: 0 });
    await pass(0);
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
