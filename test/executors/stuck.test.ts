import { describe, expect, it } from 'vitest';
import { Scope } from '../../src/core/scope.ts';
import { CallScope } from '../../src/executors/callback.ts';
import type { Job } from '../../src/executors/job.ts';
import { isFromCallback, isStuck, stuckError } from '../../src/executors/stuck.ts';
import { makeJob } from '../support/jobs.ts';

/** A job that waits for a callback, and that call. */
function waiting(): { job: Job; call: CallScope } {
  const job = makeJob();
  const call = new CallScope(job);
  job.callbacks = { pending: new Set([call]) } as never;
  return { job, call };
}

/** A job that was submitted in that scope. */
const submittedIn = (parent: Scope): Job => Object.assign(makeJob(), { parent });

describe('a pool', () => {
  it('is stuck when each worker waits for a call that waits for a queued job, directly or through another job', () => {
    const { job, call } = waiting();
    const inner = waiting();
    inner.job.parent = call;
    const queued = submittedIn(new Scope(inner.call, inner.call.runtime));
    expect(isStuck([[job]], () => [submittedIn(call)])).toBe(true);
    expect(isStuck([[job], [inner.job]], () => [queued])).toBe(true);
    expect(isFromCallback(queued)).toBe(true);
  });

  it('is not while one of its workers does something else, or nothing that is queued comes from the calls', () => {
    const { job, call } = waiting();
    const busy = makeJob();
    expect(isStuck([[job], [busy]], () => [submittedIn(call)])).toBe(false);
    expect(isStuck([[job]], () => [makeJob()])).toBe(false);
    const other = waiting();
    expect(isStuck([[job], [other.job]], () => [submittedIn(call)])).toBe(false);
    expect(isFromCallback(busy)).toBe(false);
  });

  it('says what to do about it', () => {
    const job = makeJob({ name: 'inner' });
    expect(stuckError('p', 1, job).message).toMatch(/^p would wait for itself for ever: its only worker .*"inner".*another executor/);
    expect(stuckError('p', 3, job).message).toContain('all its 3 workers run jobs that wait for a callback');
  });
});
