import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TimeoutError } from '../../src/base/errors.ts';
import type { Whereabouts } from '../../src/base/whereabouts.ts';
import { addStack, lookFor, placeOf } from '../../src/executors/whereabouts.ts';
import { fakePool } from '../support/fake-worker.ts';
import { makeJob } from '../support/jobs.ts';
import { failure } from '../support/virtual.ts';

const frames = [{ fn: 'crunch in RegExp.test', file: '/app/hash.ts', line: 12, column: 5 }];
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('the worker of an overdue job', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('was somewhere: its error tells where', async () => {
    const fake = fakePool();
    const job = fake.submit({ timeout: 100, grace: 50 });
    const error = failure(job);
    await pass(0);
    fake.last.claim();
    fake.last.whereabouts = Promise.resolve(frames);
    await pass(200);
    expect(await error).toBeInstanceOf(TimeoutError);
    expect(await error).toMatchObject({
      message: 'Job "f" ran longer than its timeout of 100 ms; its worker was at /app/hash.ts:12:5 crunch in RegExp.test',
      workerStack: frames,
    });
    expect(fake.last.lookedFor).toBe(1);
  });

  it('is looked for before a shutdown whose time is up kills it', async () => {
    let found!: (frames: Whereabouts) => void;
    const fake = fakePool({ max: 1 });
    const job = fake.submit({ grace: 60_000 });
    const error = failure(job);
    await pass(0);
    fake.last.claim();
    fake.last.whereabouts = new Promise((resolve) => (found = resolve));
    let over = false;
    const shutdown = fake.pool.shutdown(100, false).then(() => (over = true));
    await pass(150);
    expect([fake.last.lookedFor, fake.last.terminated, over]).toEqual([1, false, false]);
    found(frames);
    await pass(1);
    expect([fake.last.terminated, await error]).toMatchObject([true, { code: 'OFFLOOP_CANCELLED', workerStack: frames }]);
    await shutdown;
  });

  it('that has a grace which ends while a shutdown looks for it is killed once', async () => {
    let found!: (frames: Whereabouts) => void;
    const fake = fakePool({ max: 1 });
    const error = failure(fake.submit({ grace: 50 }));
    await pass(0);
    fake.last.claim();
    fake.last.whereabouts = new Promise((resolve) => (found = resolve));
    const shutdown = fake.pool.shutdown(100, false);
    await pass(200);
    found(null);
    await pass(1);
    expect(await error).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    await pass(1000);
    await shutdown;
    expect(fake.workers).toHaveLength(1);
  });

  it('is looked for before it is killed for a job that was cancelled, and begins nothing else meanwhile', async () => {
    let found!: (frames: Whereabouts) => void;
    const fake = fakePool({ max: 1 });
    const job = fake.submit({ grace: 50 });
    const error = failure(job);
    await pass(0);
    const [worker] = fake.workers;
    worker!.claim();
    worker!.whereabouts = new Promise((resolve) => (found = resolve));
    job.cancel();
    const next = fake.submit();
    await pass(60);
    expect([worker!.lookedFor, worker!.terminated]).toEqual([1, false]);
    expect(worker!.claim()).toBe(false);
    found(frames);
    await pass(1);
    expect(worker!.terminated).toBe(true);
    expect(await error).toMatchObject({ code: 'OFFLOOP_CANCELLED', workerStack: frames });
    await pass(0);
    fake.last.run();
    expect(await next).toBe('done');
  });

  it('that ends its job while it is looked for is replaced, and the job ends as cancelled', async () => {
    let found!: (frames: Whereabouts) => void;
    const fake = fakePool({ max: 1 });
    const job = fake.submit({ grace: 50 });
    const error = failure(job);
    await pass(0);
    const [worker] = fake.workers;
    worker!.claim();
    worker!.whereabouts = new Promise((resolve) => (found = resolve));
    job.cancel();
    await pass(60);
    worker!.finish();
    expect(await error).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    found(frames);
    const next = fake.submit();
    await pass(1);
    fake.last.run();
    expect(await next).toBe('done');
    expect(fake.workers).toHaveLength(2);
  });

  it('that did not answer when the time was up is asked once more', async () => {
    const fake = fakePool();
    const error = failure(fake.submit({ timeout: 100, grace: 50 }));
    await pass(0);
    fake.last.claim();
    fake.last.whereabouts = Promise.resolve(null);
    await pass(110);
    fake.last.whereabouts = Promise.resolve(frames);
    await pass(100);
    expect(fake.last.lookedFor).toBe(2);
    expect(await error).toMatchObject({ workerStack: frames });
  });

  it('is nowhere without a monitor: nothing is waited for', async () => {
    const fake = fakePool();
    const job = fake.submit({ timeout: 100, grace: 0 });
    const error = failure(job);
    await pass(0);
    fake.last.claim();
    await pass(110);
    expect(fake.last.terminated).toBe(true);
    expect(await error).not.toHaveProperty('workerStack');
  });
});

it('a thread that does not answer, or is in nobody’s code, leaves the error as it is', async () => {
  for (const answer of [Promise.resolve(null), Promise.resolve([]), Promise.reject(new Error('gone'))]) {
    const job = makeJob();
    await lookFor(job, () => answer);
    expect(placeOf(job)).toBe('');
    expect(addStack(new TimeoutError('late', 0), job)).not.toHaveProperty('workerStack');
    job.endCancelled();
  }
});
