import { describe, expect, it } from 'vitest';
import { broadcast } from '../../src/executors/broadcast.ts';
import { Recycling } from '../../src/executors/recycling.ts';
import type { Veteran } from '../../src/executors/recycling.ts';
import { fakeTime } from '../support/fake-time.ts';
import { fakePool } from '../support/fake-worker.ts';
import type { FakePool } from '../support/fake-worker.ts';

const pass = fakeTime();

const limits = (options: Partial<ConstructorParameters<typeof Recycling>[0]>): Recycling =>
  new Recycling({ recycleAfterJobs: Infinity, recycleAboveHeapMb: Infinity, max: 4, ...options });
const worker = (values: Partial<Veteran>): Veteran => ({ isReady: true, done: 0, jobLimit: Infinity, heapUsed: 0, ...values });

describe('Recycling', () => {
  it('gives each worker a limit of its own, none above the one that was asked for', () => {
    const recycling = limits({ recycleAfterJobs: 1000 });
    const given = Array.from({ length: 8 }, () => recycling.nextLimit());
    expect(given[0]).toBe(1000);
    expect(new Set(given).size).toBe(8);
    const sorted = given.sort((a, b) => a - b);
    expect(sorted[0]).toBeGreaterThanOrEqual(750);
    for (let i = 1; i < 8; i++) expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThan(10);
  });

  it('a single worker has exactly that limit, and without one there is none', () => {
    const one = limits({ recycleAfterJobs: 1000, max: 1 });
    expect([one.nextLimit(), one.nextLimit()]).toEqual([1000, 1000]);
    const none = limits({});
    expect([none.nextLimit(), none.nextLimit()]).toEqual([Infinity, Infinity]);
  });

  it('a worker is due at its limit, or above the heap', () => {
    const recycling = limits({ recycleAboveHeapMb: 64 });
    expect([9, 10].map((done) => recycling.isDue(worker({ done, jobLimit: 10 }), []))).toEqual([false, true]);
    expect([64, 64.1].map((heapUsed) => recycling.isDue(worker({ heapUsed }), []))).toEqual([false, true]);
  });

  it('lets one wait while another one starts, but not for ever', () => {
    const recycling = limits({ recycleAboveHeapMb: 64 });
    const starting = [worker({ isReady: false }), worker({})];
    expect([10, 14, 15].map((done) => recycling.isDue(worker({ done, jobLimit: 10 }), starting))).toEqual([false, false, true]);
    expect(recycling.isDue(worker({ heapUsed: 100 }), starting)).toBe(false);
    expect(recycling.isDue(worker({ done: 1, jobLimit: 1 }), starting)).toBe(true); // a fresh worker for every job
  });
});

/** Lets each busy worker do its job. */
async function round(fake: FakePool): Promise<void> {
  await pass(0);
  for (const worker of fake.workers.filter((w) => !w.terminated && w.jobs.length > 0)) if (worker.claim()) worker.finish();
}

describe('a pool that recycles', () => {
  it('replaces a worker after so many jobs, and loses none of them (83)', async () => {
    const fake = fakePool({ recycleAfterJobs: 3 });
    const jobs = Array.from({ length: 8 }, () => fake.submit());
    while (jobs.some((job) => !job.settled)) await round(fake);
    expect(await Promise.all(jobs)).toHaveLength(8);
    expect(fake.workers.map((w) => w.batches)).toEqual([3, 3, 2]);
    expect(fake.workers.map((w) => w.terminated)).toEqual([true, true, false]);
    expect(fake.statistics()).toMatchObject({ completed: 8, recycled: 2, respawned: 0, workers: 1 });
  });

  it('runs the teardown of each that goes, while its successor works (88)', async () => {
    const fake = fakePool({ recycleAfterJobs: 1, teardown: (() => 0) as never });
    const jobs = [fake.submit(), fake.submit()];
    await pass(0);
    fake.last.run('first');
    const [old] = fake.workers;
    expect([old!.sent('goodbye').length, old!.terminated]).toEqual([1, false]);
    await pass(0);
    fake.last.run('second');
    expect(await Promise.all(jobs)).toEqual(['first', 'second']);
    old!.say({ type: 'goodbye' });
    await pass(0);
    expect(old!.terminated).toBe(true);
  });

  it('keeps the minimum, and with min 0 goes on all the same (85)', async () => {
    const fake = fakePool({ min: 2, max: 2, recycleAfterJobs: 1 });
    for (let i = 0; i < 5; i++) {
      const job = fake.submit();
      await round(fake);
      await job;
      expect(fake.statistics()).toMatchObject({ workers: 2, recycled: i + 1 });
    }
    const none = fakePool({ max: 1, recycleAfterJobs: 1 });
    for (let i = 0; i < 3; i++) {
      const job = none.submit();
      await round(none);
      await job;
      expect(none.statistics()).toMatchObject({ workers: 0 });
    }
  });

  it('when all are due at once, one after the other goes (84)', async () => {
    const fake = fakePool({ min: 3, max: 3, recycleAboveHeapMb: 10, ready: false });
    for (const worker of fake.workers) worker.ready();
    const jobs = Array.from({ length: 9 }, () => fake.submit());
    for (const worker of fake.workers) worker.control.tellHeap(11 * 2 ** 20);
    const [a, b, c] = fake.workers;
    a!.run();
    b!.run();
    c!.run();
    expect(fake.workers.map((w) => w.terminated)).toEqual([true, false, false, false]);
    fake.workers[3]!.ready();
    b!.run();
    c!.run();
    expect(fake.workers.map((w) => w.terminated)).toEqual([true, true, false, false, false]);
    fake.workers[3]!.run();
    fake.workers[4]!.ready();
    c!.run();
    for (const worker of fake.workers.slice(3)) {
      worker.ready();
      while (worker.batches > 0 && worker.control.current === 0 && worker.run());
    }
    await pass(0);
    expect(fake.statistics()).toMatchObject({ recycled: 3 });
    for (let i = 0; i < 9 && jobs.some((job) => !job.settled); i++) await round(fake);
    expect(await Promise.all(jobs)).toHaveLength(9);
  });

  it('slow teardowns do not let the threads pile up: the jobs wait', async () => {
    const fake = fakePool({ recycleAfterJobs: 1, teardown: (() => 0) as never });
    const jobs = Array.from({ length: 8 }, () => fake.submit());
    for (let i = 0; i < 10; i++) {
      await pass(0);
      if (fake.last.sent('goodbye').length === 0) fake.last.run();
    }
    expect([fake.workers.length, fake.statistics()['queued']]).toEqual([4, 4]);
    fake.workers[1]!.say({ type: 'goodbye' });
    await pass(0);
    expect(fake.workers).toHaveLength(5);
    for (let i = 0; i < 20 && jobs.some((job) => !job.settled); i++) {
      for (const worker of fake.workers) {
        if (worker.sent('goodbye').length > 0) worker.say({ type: 'goodbye' });
        else if (!worker.terminated) worker.run();
      }
      await pass(0);
    }
    expect(await Promise.all(jobs)).toHaveLength(8);
  });

  it('a shutdown meanwhile waits for the teardown', async () => {
    const fake = fakePool({ recycleAfterJobs: 1, teardown: (() => 0) as never });
    const job = fake.submit();
    await pass(0);
    fake.last.run();
    await job;
    let over = false;
    const end = fake.pool.shutdown(Infinity, false).then(() => (over = true));
    await pass(10);
    expect(over).toBe(false);
    fake.last.say({ type: 'goodbye' });
    await end;
    expect(fake.workers).toHaveLength(1);
  });

  it('a worker that others count on does its part first', async () => {
    const fake = fakePool({ recycleAfterJobs: 2 });
    const jobs = [fake.submit(), fake.submit()];
    const all = broadcast(fake.pool, () => 0, [], fakePool);
    await pass(0);
    for (const value of ['a', 'b', 'in its turn']) fake.last.run(value);
    expect([await all, await Promise.all(jobs)]).toEqual([['in its turn'], ['a', 'b']]);
    expect(fake.statistics()).toMatchObject({ recycled: 1 });
  });
});
