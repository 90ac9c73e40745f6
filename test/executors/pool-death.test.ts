/** Workers that die, cannot be started, cannot get ready, or cannot load a module. */
import { describe, expect, it } from 'vitest';
import { InvalidStateError, WorkerDiedError } from '../../src/base/errors.ts';
import { resolvePoolOptions } from '../../src/executors/options.ts';
import { Pool } from '../../src/executors/pool.ts';
import type { WorkerListener } from '../../src/executors/worker-handle.ts';
import { fakeTime } from '../support/fake-time.ts';
import { collectReports, fakePool, FakeWorker } from '../support/fake-worker.ts';
import { failure, turns } from '../support/virtual.ts';

const pass = fakeTime();
const reports = collectReports();

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
    expect(
      fake.reports.map(({ error }) => [(error as WorkerDiedError).why, ((error as Error).cause as Error | undefined)?.message]),
    ).toEqual([
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
    await pass(0);
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
    fake.workers[0]!.ready();
    fake.workers[1]!.ready();
    expect(fake.statistics()).toMatchObject({ workers: 3, idle: 2, busy: 0 });
    await turns(2);
    expect(warm).toBe(false);
    expect(fake.workers.map((w) => w.alive)).toEqual([false, false, true]);
    fake.workers[2]!.ready();
    await warming;
    expect(fake.workers.some((w) => w.alive)).toBe(false);
  });

  it('outlasts the idle time: that begins when a worker is ready', async () => {
    const fake = fakePool({ max: 1, ready: false, idleTimeout: 10 });
    const warming = fake.pool.warmup();
    await pass(50);
    expect(fake.statistics()).toMatchObject({ workers: 1, idle: 0 });
    fake.last.ready();
    await warming;
    await pass(9);
    expect(fake.statistics()).toMatchObject({ workers: 1, idle: 1 });
    await pass(2);
    expect(fake.statistics()).toMatchObject({ workers: 0 });
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
