import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { here, Scope } from '../../src/core/scope.ts';
import { resolveSubmitOptions } from '../../src/executors/options.ts';
import { StreamJob } from '../../src/executors/stream-job.ts';
import { collectReports } from '../support/fake-worker.ts';

const reports = collectReports();
const fn = { id: 78, ref: { module: 'file:///rows.js', export: 'rows', fingerprint: undefined }, name: 'rows' };

function submitHere(scope: Scope, cancelled: (job: unknown) => void = () => {}, isGenerator = true): StreamJob {
  const host = { jobCancelled: cancelled };
  return new StreamJob({ extras: { credit: 1 }, isGenerator }, [scope, host, fn, [], resolveSubmitOptions(undefined), submitHere]);
}

describe('a stream job', () => {
  it('is cancelled when the scope that made it ends, other jobs are not', () => {
    const scope = new Scope(here(), here().runtime);
    const told: unknown[] = [];
    const job = submitHere(scope, (j) => told.push(j));
    scope.leave();
    expect([job.orphaned, told, job.effective instanceof CancelledError]).toEqual([true, [job], true]);
    job.endCancelled();
  });

  it('whose function is no generator, as far as anybody knows, goes on like other jobs', () => {
    const scope = new Scope(here(), here().runtime);
    const job = submitHere(scope, undefined, false);
    scope.leave();
    expect([job.orphaned, job.effective]).toEqual([false, null]);
    job.end({ ok: true, value: undefined });
  });

  it('that was cancelled before is no orphan', () => {
    const scope = new Scope(here(), here().runtime);
    const job = submitHere(scope);
    job.cancel('before');
    scope.leave();
    expect([job.orphaned, job.effective?.reason]).toEqual([false, 'before']);
    job.endCancelled();
  });

  it('always knows the line that began it', () => {
    const scope = new Scope(here(), here().runtime);
    const jobs = [submitHere(scope), submitHere(scope)];
    for (const job of jobs) {
      expect(job.callSite).toMatch(/stream-job\.test\.ts/);
      job.end({ ok: true, value: undefined });
    }
  });

  it('keeps for its consumer what was thrown after it had left, and reports it otherwise', () => {
    const [left, cancelled] = [submitHere(here()), submitHere(here())];
    const error = new RangeError('in finally');
    left.left = true;
    for (const job of [left, cancelled]) {
      job.cancel();
      job.end({ ok: false, error });
    }
    expect([left.cleanupFailure, left.state]).toEqual([{ ok: false, error }, 'cancelled']);
    expect(reports).toMatchObject([{ error, task: cancelled }]);
  });
});
