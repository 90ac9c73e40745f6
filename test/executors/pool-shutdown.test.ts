/** The end of a pool, at every moment of its life. */
import { describe, expect, it, vi } from 'vitest';
import { InvalidStateError, WorkerDiedError } from '../../src/base/errors.ts';
import { encodeThrown } from '../../src/wire/error-codec.ts';
import { catchWarnings, fakeTime } from '../support/fake-time.ts';
import { fakePool } from '../support/fake-worker.ts';
import { failure, turns } from '../support/virtual.ts';

const pass = fakeTime();

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
    const warnings = catchWarnings();
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

  it('in time leaves no timer behind, and warns of nothing', async () => {
    const warnings = catchWarnings();
    const fake = fakePool();
    const job = fake.submit();
    await pass(0);
    const shutdown = fake.pool.shutdown(1000, false);
    fake.last.run();
    await shutdown;
    await job;
    await pass(5000);
    expect([vi.getTimerCount(), warnings()]).toEqual([0, '']);
  });

  it('twice: the second waits too, and its time limit counts', async () => {
    catchWarnings();
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
  const teardown = Object.assign(() => 0, {
    [Symbol.for('offloop.function.v1')]: { id: 1, ref: { source: '() => 0', name: 't' }, name: 't' },
  });
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
    const warnings = catchWarnings();
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
    const warnings = catchWarnings();
    const fake = fakePool({ ...options, min: 1, name: 'torn' });
    await pass(0);
    const shutdown = fake.pool.shutdown(Infinity, false);
    fake.last.say({ type: 'goodbye', failed: encodeThrown(new Error('disk full')) });
    await shutdown;
    expect(warnings()).toBe('teardown of torn failed: Error: disk full');
  });

  it('in which the worker dies is a warning', async () => {
    const warnings = catchWarnings();
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
