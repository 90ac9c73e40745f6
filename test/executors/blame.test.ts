import { describe, expect, it } from 'vitest';
import { WorkerDiedError } from '../../src/base/errors.ts';
import { loadFailed, unready, workerDied, workerDiedIdle } from '../../src/executors/blame.ts';
import type { WorkerDeath } from '../../src/executors/worker-handle.ts';
import { makeJob } from '../support/jobs.ts';

const death = (d: Partial<WorkerDeath>): WorkerDeath => ({ why: 'exit', exitCode: null, signalName: null, cause: undefined, ...d });
const job = makeJob({ name: 'resize' });

describe('the error of a job whose worker died', () => {
  it.each([
    [{ why: 'exit', exitCode: 3 }, 'the worker exited with code 3'],
    [{ why: 'exit', exitCode: null, signalName: 'SIGKILL' }, 'the worker was killed by SIGKILL'],
    [{ why: 'uncaught', cause: new RangeError('far') }, "an error was thrown outside the job's own calls: RangeError: far"],
    [{ why: 'uncaught', cause: 'text' }, "an error was thrown outside the job's own calls: text"],
    [{ why: 'out-of-memory' }, 'the worker ran out of memory (see resourceLimits)'],
    [{ why: 'terminated' }, 'the worker was terminated'],
  ] as const)('says why: %j (76, 80)', (init, text) => {
    const error = workerDied(job, death(init));
    expect(error).toBeInstanceOf(WorkerDiedError);
    expect(error.message).toBe(`The worker died while it ran job "resize": ${text}`);
    expect(error).toMatchObject({ job: 'resize', code: 'OFFLOOP_WORKER_DIED', signalName: null, ...init });
  });

  it('has a stack that is the submitting line and what called it, not our own frames', () => {
    const [head, ...frames] = workerDied(job, death({})).stack!.split('\n');
    expect(head).toMatch(/^WorkerDiedError: The worker died while/);
    expect(frames.join('\n')).not.toMatch(/src\/executors/);
  });

  it('is a new one for each job (127)', () => {
    expect(workerDied(job, death({}))).not.toBe(workerDied(job, death({})));
  });

  it('of a module that failed names the module and keeps the cause', () => {
    const cause = new SyntaxError('Unexpected token');
    const error = loadFailed(job, Object.assign(new Error('Cannot load', { cause }), { url: 'file:///a.js' }));
    expect(error).toMatchObject({ why: 'load-failed', cause, job: 'resize' });
    expect(error.message).toBe(
      'Module file:///a.js failed to load in the worker, so job "resize" could not run: SyntaxError: Unexpected token',
    );
  });

  it('of a worker that could not get ready says whose fault it was', () => {
    const cause = new Error('inner');
    expect(unready(job, new Error('init', { cause }))).toMatchObject({ why: 'load-failed', cause });
    expect(unready(null, new Error('init')).message).toBe('The worker could not get ready: Error: init');
    expect(unready(null, 'init').cause).toBe('init');
  });

  it('without a job says when it was', () => {
    expect(workerDiedIdle('between jobs', death({ exitCode: 1 }))).toMatchObject({
      message: 'The worker died between jobs: the worker exited with code 1',
      job: '',
    });
  });
});
