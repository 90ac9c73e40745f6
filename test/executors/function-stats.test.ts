import { describe, expect, it } from 'vitest';
import { FunctionCounters, OTHER_NAMES } from '../../src/executors/function-stats.ts';
import type { Job } from '../../src/executors/job.ts';
import { makeJob } from '../support/jobs.ts';

function ended(name: string, how: 'done' | 'failed' | 'cancelled' = 'done', waited = 0): Job {
  const job = makeJob({ name });
  job.sent(1, job.submittedAt + waited);
  if (how === 'cancelled') job.cancel();
  job.end(how === 'done' ? { ok: true, value: 1 } : { ok: false, error: how === 'failed' ? new Error('no') : job.effective });
  return job;
}

describe('FunctionCounters', () => {
  it('keep each function apart: how its jobs ended, how long they waited and ran (102)', () => {
    const counters = new FunctionCounters();
    counters.ended(ended('a', 'done', 100), 10);
    counters.ended(ended('b', 'failed', 1), 500);
    counters.ended(ended('a', 'done', 200), 20);
    counters.ended(ended('a', 'cancelled'), 0);
    const { a, b } = counters.snapshot();
    expect(a).toMatchObject({ completed: 2, failed: 0, cancelled: 1, waitTime: { count: 2, mean: expect.closeTo(150, 3) as number } });
    expect(a!.runTime).toMatchObject({ count: 2, max: 20, mean: 15 });
    expect(b).toMatchObject({ completed: 0, failed: 1, cancelled: 0, runTime: { count: 1, max: 500 } });
  });

  it('count names above a thousand together', () => {
    const counters = new FunctionCounters();
    for (let i = 0; i < 1500; i++) counters.ended(ended(`job ${i}`), 1);
    const all = counters.snapshot();
    expect(Object.keys(all)).toHaveLength(1001);
    expect(all[OTHER_NAMES]).toMatchObject({ completed: 500 });
    counters.ended(ended('job 3'), 1);
    expect(counters.snapshot()['job 3']).toMatchObject({ completed: 2 });
  });

  it('are a frozen record, in which every name is only a name', () => {
    const counters = new FunctionCounters();
    counters.ended(ended('__proto__'), 1);
    counters.ended(ended('constructor'), 1);
    const all = counters.snapshot();
    expect(Object.keys(all)).toEqual(['__proto__', 'constructor']);
    expect([Object.isFrozen(all), Object.isFrozen(all['constructor'])]).toEqual([true, true]);
  });
});
