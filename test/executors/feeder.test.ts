/** Who gets how many jobs, and when: batches, more for a busy worker, taking back. */
import { describe, expect, it, vi } from 'vitest';
import type { PoolOptions, SubmitOptions } from '../../src/executors/executor.ts';
import type { Job } from '../../src/executors/job.ts';
import { HELD_UP } from '../../src/executors/watch.ts';
import { fakeTime } from '../support/fake-time.ts';
import { fakePool } from '../support/fake-worker.ts';
import type { FakePool, FakeWorker } from '../support/fake-worker.ts';

const pass = fakeTime();
const CHEAP = 0.01;

/** A pool whose workers are up, and that knows its function to take `ms`. */
async function warmPool(options: PoolOptions, ms = CHEAP): Promise<FakePool> {
  const fake = fakePool({ ...options, min: options.max! });
  await pass(0);
  const job = fake.submit();
  end(fake, ms);
  await job;
  return fake;
}

/** Ends everything that any worker has. */
function end(fake: FakePool, ms = CHEAP): void {
  for (const worker of fake.workers) while (worker.begin() !== null) worker.finish('done', ms);
}

const submit = (fake: FakePool, n: number, options?: SubmitOptions): Job[] => Array.from({ length: n }, () => fake.submit(options));
const ids = (jobs: readonly Job[]): number[] => jobs.map((job) => job.id);
/** What it was sent and has not begun. */
const mailbox = (worker: FakeWorker): number[] => worker.allJobs.filter((_, i) => worker.control.claim(i + 1));

async function finish(fake: FakePool, jobs: readonly Job[]): Promise<void> {
  while (jobs.some((job) => !job.settled)) {
    end(fake);
    await pass(1);
  }
  await fake.pool.shutdown(Infinity, false);
}

describe('cheap jobs', () => {
  it('travel together; the first, for which a worker is idle, leaves at once', async () => {
    const fake = await warmPool({ max: 1 });
    const before = fake.last.batches;
    const jobs = submit(fake, 50);
    expect([fake.last.batches - before, fake.last.jobs]).toEqual([1, [jobs[0]!.id]]);
    await pass(0);
    expect([fake.last.batches - before, fake.last.jobs]).toEqual([2, ids(jobs.slice(1))]);
    await finish(fake, jobs);
  });

  it('are shared out among the workers that are free', async () => {
    const fake = await warmPool({ max: 2 });
    const jobs = submit(fake, 82);
    await pass(0);
    expect(fake.workers.map((worker) => worker.jobs.length)).toEqual([40, 40]);
    await finish(fake, jobs);
  });

  it('are not sent to a busy worker while there are few: one larger message later is cheaper', async () => {
    const fake = await warmPool({ max: 1 });
    const jobs = submit(fake, 5);
    await pass(0);
    expect([fake.last.jobs, fake.statistics()['queued']]).toEqual([[jobs[0]!.id], 4]);
    fake.last.run();
    expect(fake.last.jobs).toEqual(ids(jobs.slice(1)));
    await finish(fake, jobs);
  });

  it('are sent as many as make one millisecond of work', async () => {
    const fake = await warmPool({ max: 1 }, 0.2);
    const jobs = submit(fake, 50);
    await pass(0);
    expect(fake.last.jobs).toHaveLength(4); // behind the one that left at once
    await finish(fake, jobs);
  });

  it('go to a worker that is starting up one by one', async () => {
    const fake = fakePool({ max: 2, min: 1 });
    await pass(0);
    const [first] = submit(fake, 1);
    end(fake);
    await first;
    const jobs = submit(fake, 60);
    expect(fake.workers[1]!.jobs).toHaveLength(1);
    await finish(fake, jobs);
  });

  it('that many waiters submit when theirs end together travel together, and none leaves ahead', async () => {
    const fake = await warmPool({ max: 1 });
    const jobs = submit(fake, 40);
    await pass(0);
    const next: Job[] = [];
    for (const job of jobs) void job.then(() => next.push(fake.submit()));
    fake.last.run();
    for (let i = 1; i < 40; i++) {
      fake.last.begin();
      fake.last.control.keep(i + 2, 0, CHEAP);
    }
    const before = fake.last.batches;
    fake.last.say([]);
    await pass(0);
    expect([next.length, fake.last.batches - before, fake.last.jobs]).toEqual([40, 1, ids(next)]);
    await finish(fake, next);
  });
});

describe('jobs that travel alone', () => {
  it('are those of a function of which nothing is known', async () => {
    const fake = fakePool({ max: 1, min: 1 });
    await pass(0);
    const jobs = submit(fake, 50);
    await pass(0);
    expect(fake.last.jobs).toEqual([jobs[0]!.id]);
    await finish(fake, jobs);
  });

  it('are those that take long', async () => {
    const fake = await warmPool({ max: 1 }, 5);
    const jobs = submit(fake, 50);
    fake.last.begin();
    fake.last.finish('done', 5);
    await pass(0);
    expect([fake.last.jobs, fake.last.batches]).toEqual([[jobs[1]!.id], 3]);
    await finish(fake, jobs);
  });

  it('are those that must start in time', async () => {
    const fake = await warmPool({ max: 1 });
    const jobs = submit(fake, 50, { queueTimeout: 1000 });
    fake.last.run();
    await pass(0);
    expect(fake.last.jobs).toEqual([jobs[1]!.id]);
    await finish(fake, jobs);
  });
});

describe('what waits behind a job that takes longer than expected', () => {
  it('is given to an idle worker, oldest first', async () => {
    const fake = await warmPool({ max: 2 });
    const jobs = submit(fake, 82);
    await pass(0);
    const [one, other] = fake.workers as [FakeWorker, FakeWorker];
    const stuck = one.begin();
    while (other.begin() !== null) other.finish('done', CHEAP);
    const before = other.allJobs.length;
    await pass(3 * HELD_UP);
    expect(other.allJobs.slice(before)).toEqual(one.allJobs.filter((id) => id > stuck! && jobs.some((job) => job.id === id)));
    expect(mailbox(one)).toEqual([]);
    one.finish('late', 50);
    await finish(fake, jobs);
    expect(jobs.filter((job) => job.result() === 'late')).toHaveLength(1);
  });

  it('is next when another worker is through with its own, before younger jobs', async () => {
    const fake = await warmPool({ max: 2 }, 0.2);
    const jobs = submit(fake, 60);
    await pass(0);
    const [one, other] = fake.workers as [FakeWorker, FakeWorker];
    one.run();
    const waitsThere = one.jobs;
    one.begin();
    await pass(2 * HELD_UP);
    const before = other.allJobs.length;
    while (other.allJobs.length === before && other.begin() !== null) other.finish('done', 0.2);
    expect(other.allJobs[before]).toBe(waitsThere[1]);
    one.finish('late', 50);
    await finish(fake, jobs);
  });

  it('stays with its worker when there is no other', async () => {
    const fake = await warmPool({ max: 1 });
    const jobs = submit(fake, 50);
    await pass(0);
    fake.last.begin();
    const before = fake.last.batches;
    await pass(10 * HELD_UP);
    expect(fake.last.batches).toBe(before);
    fake.last.finish();
    await finish(fake, jobs);
  });

  it('does not hold up results from before it', async () => {
    const fake = await warmPool({ max: 1 });
    const jobs = submit(fake, 50);
    await pass(0);
    for (let i = 0; i < 3; i++) {
      fake.last.begin();
      fake.last.control.keep(fake.last.control.current, i, CHEAP);
    }
    fake.last.begin(); // takes long, and nothing was said
    await pass(HELD_UP);
    expect(jobs.slice(0, 4).map((job) => job.settled)).toEqual([true, true, true, false]);
    fake.last.finish();
    await finish(fake, jobs);
  });
});

describe('a more urgent job', () => {
  it('runs before those that were sent and have not begun', async () => {
    const fake = await warmPool({ max: 1 });
    const jobs = submit(fake, 50);
    await pass(0);
    fake.last.begin();
    const [urgent] = submit(fake, 1, { priority: -1 });
    await pass(0);
    fake.last.finish('done', CHEAP);
    expect(fake.last.begin()).toBe(urgent!.id);
    fake.last.finish('done', CHEAP);
    expect(fake.last.begin()).toBe(jobs[1]!.id);
    fake.last.finish('done', CHEAP);
    await finish(fake, [...jobs, urgent!]);
  });
});

describe('a job that is cancelled behind others', () => {
  it('ends at once, and its neighbours run where they are', async () => {
    const fake = await warmPool({ max: 1 });
    const jobs = submit(fake, 50);
    await pass(0);
    fake.last.begin();
    const before = fake.last.batches;
    jobs[10]!.cancel();
    expect(jobs[10]!.state).toBe('cancelled');
    fake.last.finish();
    end(fake);
    expect([fake.last.batches - before, fake.last.terminated]).toEqual([0, false]);
    expect(jobs.filter((job) => job.state !== 'done')).toEqual([jobs[10]]);
    await finish(fake, jobs);
  });

  it('while it runs takes its worker with it, and nothing else', async () => {
    const fake = await warmPool({ max: 1 });
    const jobs = submit(fake, 50, { grace: 10 });
    await pass(0);
    fake.last.begin();
    const [stuck] = fake.workers as [FakeWorker];
    jobs[0]!.cancel();
    await pass(20);
    expect([stuck.terminated, jobs[0]!.state, fake.workers.length]).toEqual([true, 'cancelled', 2]);
    await finish(fake, jobs);
    expect(jobs.slice(1).every((job) => job.state === 'done')).toBe(true);
    expect(stuck.allJobs).toContain(jobs[1]!.id);
  });
});

describe('a job that is bound to a worker', () => {
  it('wakes it in the next turn, when it had to rest because this turn had had enough', async () => {
    const long = 2 * HELD_UP; // each travels alone
    const fake = await warmPool({ max: 2 }, long);
    const bound = submit(fake, 2, { affinity: 'a' });
    const theirs = fake.workers.find((worker) => worker.jobs.at(-1) === bound[0]!.id)!;
    const [other] = fake.workers.filter((worker) => worker !== theirs) as [FakeWorker];
    const jobs = submit(fake, 100);
    await pass(0);
    while (other.claim()) other.finish('done', long);
    vi.advanceTimersByTime(10); // this turn has had enough
    theirs.claim();
    theirs.finish('done', long);
    expect([bound[0]!.settled, theirs.jobs]).toEqual([true, [bound[0]!.id]]);
    await pass(0);
    expect(theirs.jobs).toEqual([bound[1]!.id]);
    await finish(fake, [...bound, ...jobs]);
  });
});

describe('a limited queue', () => {
  it('counts what waits in workers', async () => {
    const fake = await warmPool({ max: 1, maxQueue: 40, onFull: 'reject' });
    const jobs = submit(fake, 41);
    await pass(0);
    expect(fake.statistics()).toMatchObject({ running: 1, queued: 40 });
    const [refused] = submit(fake, 1);
    expect(refused!.error()).toMatchObject({ code: 'OFFLOOP_EXECUTOR_FULL' });
    fake.last.run();
    const [accepted] = submit(fake, 1);
    await finish(fake, [...jobs, accepted!]);
    expect(accepted!.state).toBe('done');
  });
});
