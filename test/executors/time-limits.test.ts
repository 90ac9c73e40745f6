/** What pool-cancel.test.ts does not see: who is late, and who is only not heard yet. */
import { describe, expect, it } from 'vitest';
import { fakeTime } from '../support/fake-time.ts';
import { fakePool } from '../support/fake-worker.ts';
import { failure } from '../support/virtual.ts';

const pass = fakeTime();

describe('time limits', () => {
  it('of the wait ends a job that waits, and none that has started', async () => {
    const fake = fakePool();
    const [running, late] = [fake.submit({ queueTimeout: 10 }), fake.submit({ queueTimeout: 10, name: 'late' })];
    await pass(0);
    fake.last.claim();
    await pass(50);
    expect(((await failure(late)) as Error).message).toBe('Job "late" did not start within its queueTimeout of 10 ms');
    fake.last.finish('slow');
    expect(await running).toBe('slow');
  });

  it('of the wait holds while the worker starts, and while its module is loaded', async () => {
    const fake = fakePool({ ready: false });
    const late = fake.submit({ queueTimeout: 10, name: 'late' });
    await pass(10);
    expect(await failure(late)).toMatchObject({ name: 'TimeoutError', message: expect.stringContaining('did not start within') as string });
    expect(fake.last.ready().claim()).toBe(false); // it never runs
    const loading = fake.submit({ queueTimeout: 10, grace: 5 });
    await pass(0);
    fake.last.claim();
    fake.last.control.begin(false);
    await pass(10);
    expect(fake.last.sent('cancel')).toHaveLength(1);
    await pass(5);
    expect(await failure(loading)).toMatchObject({ name: 'TimeoutError' });
    expect(fake.statistics()).toMatchObject({ failed: 2, queued: 0, running: 0 });
  });

  it('of the wait is over when the job begins', async () => {
    const fake = fakePool({ ready: false });
    const job = fake.submit({ queueTimeout: 50, timeout: 1e6 });
    await pass(40);
    fake.last.ready().claim();
    await pass(1000);
    expect([job.state, fake.last.sent('cancel')]).toEqual(['running', []]);
    fake.last.finish('in time');
    expect(await job).toBe('in time');
  });

  it('of the run hears a result that came in time, although the loop was busy then', async () => {
    const fake = fakePool();
    const job = fake.submit({ timeout: 10 });
    await pass(0);
    fake.last.claim();
    const worker = fake.last;
    setImmediate(() => worker.finish('in time')); // in the same turn as the timer, and after it
    await pass(10);
    expect(await job).toBe('in time');
  });
});
