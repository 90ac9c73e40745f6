import { describe, expect, it, vi } from 'vitest';
import { Backoff, FREE_DEATHS } from '../../src/executors/backoff.ts';
import { fakeTime } from '../support/fake-time.ts';
import { collectReports, fakePool } from '../support/fake-worker.ts';
import type { FakePool } from '../support/fake-worker.ts';
import { failure } from '../support/virtual.ts';

const pass = fakeTime();
collectReports();

const now = (): number => performance.now();

describe('Backoff', () => {
  it('lets some die for free, then waits longer each time, up to five seconds', async () => {
    const wake = vi.fn<() => void>();
    const backoff = new Backoff(wake);
    const waits: number[] = [];
    for (let i = 0; i < 12; i++) {
      backoff.died({ bornAt: now(), done: 0 });
      const from = now();
      while (backoff.holds(true)) await pass(1);
      waits.push(Math.round(now() - from));
    }
    expect(waits).toEqual([0, 0, 0, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    expect(wake).toHaveBeenCalledTimes(12 - FREE_DEATHS);
  });

  it('counts workers once that were started before the last death: they die of one cause', () => {
    const backoff = new Backoff(() => {});
    const bornAt = now() - 10;
    for (let i = 0; i < 20; i++) backoff.died({ bornAt, done: 0 });
    expect([backoff.row, backoff.holds(true)]).toEqual([1, false]);
  });

  it.each([
    ['did a job', { age: 1, done: 1 }],
    ['lived long', { age: 6000, done: 0 }],
  ])('begins anew when a worker %s', async (_what, { age, done }) => {
    const backoff = new Backoff(() => {});
    for (let i = 0; i < 8; i++) {
      backoff.died({ bornAt: now(), done: 0 });
      await pass(1000);
    }
    await pass(age);
    backoff.died({ bornAt: now() - age, done });
    expect([backoff.row, backoff.holds(true)]).toEqual([1, false]);
  });

  it('keeps the process alive only while a job waits, and leaves no timer when it is stopped', () => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    const backoff = new Backoff(() => {});
    for (let i = 0; i <= FREE_DEATHS; i++) backoff.died({ bornAt: now(), done: 0 });
    const refs = [false, true].map((needed) => {
      backoff.holds(needed);
      return (set.mock.results[0]!.value as NodeJS.Timeout).hasRef();
    });
    backoff.relax();
    refs.push((set.mock.results[0]!.value as NodeJS.Timeout).hasRef());
    expect([refs, set.mock.calls.length]).toEqual([[false, true, false], 1]);
    backoff.stop();
    expect([vi.getTimerCount(), backoff.holds(true)]).toEqual([0, false]);
  });
});

/** Begins the next job and dies, `times` over. */
async function dieOnEachJob(fake: FakePool, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await pass(0);
    fake.last.claim();
    fake.last.die();
  }
}

describe('a pool whose workers die on every job', () => {
  it('does not spin: the jobs wait, and run when it goes better', async () => {
    const fake = fakePool();
    const jobs = Array.from({ length: 6 }, () => fake.submit());
    await dieOnEachJob(fake, 4);
    expect([fake.workers.length, fake.statistics()['queued']]).toEqual([4, 2]);
    await pass(40);
    expect(fake.workers).toHaveLength(4);
    await pass(20);
    expect(fake.workers).toHaveLength(5);
    fake.last.run('at last');
    fake.last.run('at last');
    expect(await Promise.all(jobs.slice(4))).toEqual(['at last', 'at last']);
    await dieOnEachJob(fake, 0);
    fake.last.die(); // it did jobs: the next is started at once
    void fake.submit();
    expect(fake.workers).toHaveLength(6);
  });

  it('jobs that wait can be cancelled, and nothing is left then', async () => {
    const fake = fakePool();
    const jobs = Array.from({ length: 5 }, () => fake.submit());
    await dieOnEachJob(fake, 4);
    jobs[4]!.cancel();
    expect(await failure(jobs[4]!)).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    expect(fake.statistics()).toMatchObject({ queued: 0, cancelled: 1 });
    await pass(10_000);
    expect(fake.workers).toHaveLength(4);
  });

  it.each([false, true])('can be shut down meanwhile (cancelPending: %s)', async (cancelPending) => {
    const fake = fakePool();
    const jobs = Array.from({ length: 5 }, () => fake.submit());
    await dieOnEachJob(fake, 4);
    const over = fake.pool.shutdown(Infinity, cancelPending);
    await pass(60);
    if (!cancelPending) fake.last.run('done');
    await over;
    expect(jobs[4]!.state).toBe(cancelPending ? 'cancelled' : 'done');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('holds back the minimum as well, and a warm-up does not wait', async () => {
    const fake = fakePool({ min: 1, max: 1 });
    for (let i = 0; i < 4; i++) {
      await pass(0);
      fake.last.die();
    }
    expect(fake.statistics()).toMatchObject({ workers: 0, respawned: 3 });
    await pass(60);
    expect(fake.statistics()).toMatchObject({ workers: 1, respawned: 4 });
    fake.last.die();
    await fake.pool.warmup();
    expect(fake.statistics()).toMatchObject({ workers: 1 });
  });
});

describe('a pool whose workers do not get ready', () => {
  it('tells one job each, and after the third in a row all that wait', async () => {
    const fake = fakePool({ ready: false });
    const jobs = Array.from({ length: 50 }, (_, i) => fake.submit({ name: `job ${i}` }));
    for (let i = 0; i < 3; i++) fake.last.unready(new RangeError(`no licence ${i}`));
    const errors = await Promise.all(jobs.map((job) => failure(job)));
    expect(errors.slice(0, 3)).toMatchObject([0, 1, 2].map((i) => ({ cause: { message: `no licence ${i}` } })));
    expect(errors[49]).toMatchObject({ why: 'load-failed', job: 'job 49', cause: { message: 'no licence 2' } });
    await pass(10_000);
    expect([fake.workers.length, fake.statistics()['failed']]).toEqual([3, 50]);
  });

  it('tries again for later jobs, after a while', async () => {
    const fake = fakePool({ ready: false });
    for (let i = 0; i < 4; i++) {
      const job = fake.submit();
      fake.last.die({ why: 'uncaught', cause: new Error('bad entry') });
      expect(await failure(job)).toMatchObject({ why: 'uncaught' });
    }
    const [later, other] = [fake.submit(), fake.submit({ name: 'other' })];
    expect(fake.workers).toHaveLength(4);
    await pass(60);
    fake.last.die({ why: 'uncaught', cause: new Error('bad entry') });
    expect(await failure(later)).toMatchObject({ why: 'uncaught' });
    expect(((await failure(other)) as Error).message).toBe(
      'Job "other" could not run, because workers die while they start: an error was thrown outside the job\'s own calls: Error: bad entry',
    );
    const last = fake.submit();
    await pass(110);
    fake.last.ready();
    fake.last.run('mended');
    expect(await last).toBe('mended');
  });

  it('does not tell jobs that another worker can take', async () => {
    const fake = fakePool({ max: 2, ready: false });
    const [first] = Array.from({ length: 10 }, () => fake.submit());
    fake.workers[0]!.ready();
    for (let i = 0; i < 5; i++) {
      fake.last.die();
      await pass(300);
    }
    expect(fake.statistics()).toMatchObject({ failed: 5 });
    fake.workers[0]!.run('fine');
    expect(await first).toBe('fine');
  });
});
