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
