import { describe, expect, it } from 'vitest';
import { PoolCounters } from '../../src/executors/pool-counters.ts';
import { makeJob } from '../support/jobs.ts';

describe('PoolCounters', () => {
  it('count a job by how it ended, and add up what it cost', () => {
    const counters = new PoolCounters();
    const [done, failed, cancelled] = [makeJob(), makeJob(), makeJob()];
    for (const job of [done, failed]) job.sent(1, job.submittedAt);
    done.end({ ok: true, value: 1 });
    failed.end({ ok: false, error: new Error('x') });
    cancelled.cancel();
    cancelled.endCancelled();
    counters.ended(done, 10);
    counters.ended(failed, 30);
    counters.ended(cancelled, 0);
    expect([counters.completed, counters.failed, counters.cancelled, counters.busyTime]).toEqual([1, 1, 1, 40]);
    expect(counters.runTime).toMatchObject({ count: 2, max: expect.closeTo(30, 0) });
  });

  it('tell how long a job waited once, however often it was sent, and not at all when it never ran', () => {
    const counters = new PoolCounters();
    const [twice, never] = [makeJob(), makeJob()];
    twice.sent(1, twice.submittedAt + 10);
    twice.sent(7, twice.submittedAt + 40);
    twice.end({ ok: true, value: 1 });
    counters.ended(twice, 5);
    never.sent(2, never.submittedAt + 10);
    never.cancel();
    never.endCancelled();
    counters.ended(never, 0);
    expect(counters.waitTime).toMatchObject({ count: 1, max: expect.closeTo(40, 0) as number });
    expect(counters.runTime).toMatchObject({ count: 1, max: expect.closeTo(5, 0) as number });
  });
});
