import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { CancelledError, TimeoutError } from '../../src/base/errors.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { here } from '../../src/core/scope.ts';
import type { Job } from '../../src/executors/job.ts';
import { collectReports } from '../support/fake-worker.ts';
import { makeJob } from '../support/jobs.ts';
import { failure, turns } from '../support/virtual.ts';

const reports = collectReports();
const ended = (job: Job, value: unknown = 1): Job => (job.end({ ok: true, value }), job);

describe('a job', () => {
  it('is named after its option, else after its function', () => {
    expect([ended(makeJob({ name: 'mine' })).name, ended(makeJob()).name]).toEqual(['mine', 'none']);
  });

  it('ends once', () => {
    const job = makeJob();
    expect([job.end({ ok: true, value: 1 }), job.end({ ok: true, value: 2 }), job.endCancelled()]).toEqual([true, false, false]);
    expect(job.result()).toBe(1);
  });

  it('counts as work outside the loop until it ends, and lets go of its arguments then', () => {
    const { runtime } = here();
    const before = runtime.external;
    const job = makeJob({}, ['big']);
    expect([runtime.external, job.args]).toEqual([before + 1, ['big']]);
    ended(job);
    expect([runtime.external, job.args]).toEqual([before, []]);
  });

  it('tells its host when it is cancelled, by itself or from outside, and not after its end', async () => {
    const jobCancelled = vi.fn<(job: Job) => void>();
    const scope = new CancelScope();
    const [a, b, c] = await scope
      .run(async () => {
        const jobs = [1, 2, 3].map(() => makeJob({}, [], { jobCancelled }));
        jobs[0]!.cancel();
        ended(jobs[2]!);
        scope.cancel();
        return jobs;
      })
      .then((jobs) => jobs!);
    expect(jobCancelled.mock.calls.map(([job]) => job)).toEqual([a, b]);
    a!.endCancelled();
    b!.endCancelled();
    expect([a!.state, b!.state, c!.state]).toEqual(['cancelled', 'cancelled', 'done']);
  });

  it('that was asked to stop ends as cancelled, whatever it still returns', async () => {
    const job = makeJob();
    job.cancel('enough');
    ended(job, 'value');
    expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_CANCELLED', reason: 'enough' });
  });

  it('that fails for another reason while it is stopped is reported', async () => {
    const job = makeJob({ name: 'careless' });
    job.cancel();
    job.end({ ok: false, error: new RangeError('in cleanup') });
    expect(await failure(job)).toBeInstanceOf(CancelledError);
    expect(reports.map(({ message, error, task }) => [message, (error as Error).message, task?.name])).toEqual([
      ['A job failed while it was being cancelled', 'in cleanup', 'careless'],
    ]);
  });

  it('that fails by its own cancellation is not reported', async () => {
    const job = makeJob();
    job.cancel();
    job.end({ ok: false, error: new CancelledError() });
    const abort = makeJob();
    abort.cancel();
    abort.end({ ok: false, error: Object.assign(new Error('aborted', { cause: new CancelledError() }), { name: 'AbortError' }) });
    await turns(2);
    expect(reports).toEqual([]);
  });

  it('whose time is up ends with TimeoutError, its cause is the cancellation', async () => {
    const job = makeJob();
    job.checkAt(performance.now(), () => job.expire('too slow'));
    await vi.waitUntil(() => job.state === 'cancelling');
    job.endCancelled();
    const error = await failure(job);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ message: 'too slow', cause: { code: 'OFFLOOP_CANCELLED', source: 'deadline' } });
  });

  it('keeps no listener on its signal when it has ended (52)', async () => {
    const { signal } = new AbortController();
    const jobs = Array.from({ length: 10 }, () => makeJob({ signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(10);
    for (const job of jobs) ended(job);
    await turns(1);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('whose signal was aborted before is cancelled from the start (50)', () => {
    const job = makeJob({ signal: AbortSignal.abort('before') });
    expect(job.effective).toMatchObject({ source: 'signal', reason: 'before' });
    job.endCancelled();
  });

  it('that nobody awaits moves up when its scope ends, and is cancelled with the next one around', async () => {
    const jobCancelled = vi.fn<(job: Job) => void>((job) => void job.endCancelled());
    const outer = new CancelScope();
    await outer.run(async () => {
      const job = await new CancelScope().run(() => [makeJob({}, [], { jobCancelled })]);
      expect(job![0]!.state).toBe('pending');
      outer.cancel();
      expect(job![0]!.state).toBe('cancelled');
    });
    expect(jobCancelled).toHaveBeenCalledTimes(1);
  });
});

describe('the place of submission', () => {
  function submittingFunction(): Job {
    return makeJob();
  }

  it('is where the job was made, below the executor’s own frames', async () => {
    await vi.waitUntil(() => {
      const job = ended(submittingFunction());
      if (job.callSite === undefined) return false; // another job was made within the same millisecond
      expect(job.callSite.split('\n')[0]).toMatch(/^ {4}at submittingFunction .*job\.test\.ts/);
      return true;
    });
  });

  it('is not looked for again within a millisecond; the awaiting lines stand in then', async () => {
    const jobs = Array.from({ length: 20 }, () => makeJob());
    expect(jobs.slice(1).some((job) => job.callSite === undefined)).toBe(true);
    const job = jobs.find((other) => other.callSite === undefined)!;
    async function awaitingFunction(): Promise<void> {
      await job;
    }
    const failing = failure(awaitingFunction());
    job.sent(1, performance.now());
    for (const other of jobs)
      other.end({ ok: false, error: Object.assign(new Error('far away'), { stack: 'Error: far away\n    at worker' }) });
    const { stack } = (await failing) as Error;
    expect(stack).toMatch(/^Error: far away\n {4}at worker\n.*offloop: submitted here.*\n {4}at (async )?awaitingFunction /);
    expect(((await failure(job)) as Error).stack).toBe(stack);
  });
});
