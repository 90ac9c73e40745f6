import { describe, expect, it } from 'vitest';
import { PoolCounters } from '../../src/executors/pool-counters.ts';
import { makeJob } from '../support/jobs.ts';

describe('PoolCounters', () => {
  it('count a job by how it ended, and add up what it cost', () => {
    const counters = new PoolCounters();
    const [done, failed, cancelled] = [makeJob(), makeJob(), makeJob()];
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

  it('keep waiting and running times apart', () => {
    const counters = new PoolCounters();
    counters.waited(5);
    expect([counters.waitTime.count, counters.runTime.count]).toEqual([1, 0]);
  });
});
