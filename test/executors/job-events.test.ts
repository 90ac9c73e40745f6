import { threadId } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { InlineExecutor, run, ThreadPoolExecutor } from '../../src/index.ts';
import type { ExecutorEndedEvent, JobEndedEvent, JobStartedEvent, JobSubmittedEvent } from '../../src/executors/job-events.ts';
import { add } from '../fixtures/jobs/basic.ts';
import { throwValue } from '../fixtures/jobs/errors.ts';
import { fakePool } from '../support/fake-worker.ts';
import { makeJob } from '../support/jobs.ts';
import { listenTo } from '../support/listening.ts';
import { failure } from '../support/virtual.ts';

const submitted = (): JobSubmittedEvent[] => listenTo('offloop:job:submitted');
const started = (): JobStartedEvent[] => listenTo('offloop:job:started');
const ended = (): JobEndedEvent[] => listenTo('offloop:job:ended');

describe('a job of which somebody wants to hear', () => {
  it('is told of when it is submitted, handed to a worker, and ended', () => {
    const [heard, begun, over] = [submitted(), started(), ended()];
    const pool = fakePool();
    const job = pool.submit({ name: 'mine' });
    const about = {
      job,
      id: job.id,
      name: 'mine',
      function: { name: 'f', module: 'file:///fake.js', export: 'f' },
      executor: { name: 'FakePool', kind: 'thread' },
    };
    expect(heard).toEqual([{ ...about, context: undefined }]);
    expect(begun).toEqual([{ ...about, waitTime: job.sentAt - job.submittedAt, worker: undefined }]);
    expect(over).toEqual([]);
    pool.last.claim();
    pool.last.finish('value', 12);
    expect(over).toEqual([{ ...about, outcome: 'completed', waitTime: job.sentAt - job.submittedAt, runTime: 12, error: undefined }]);
    expect(pool.pool.counters.completed).toBe(1);
  });

  it('is told of in its final state, with its error, which that does not count as handled', () => {
    const states: string[] = [];
    const over = listenTo<JobEndedEvent>('offloop:job:ended', ({ job }) => states.push(job.state));
    const pool = fakePool();
    const job = pool.submit();
    const error = new RangeError('no');
    pool.last.claim();
    pool.last.fail(error);
    expect(states).toEqual(['failed']);
    expect(over).toMatchObject([{ outcome: 'failed', error: { message: 'no' }, runTime: 1 }]);
    expect(job.state).toBe('failed');
  });

  it('ends once, cancelled, when it never ran', () => {
    const [begun, over] = [started(), ended()];
    const pool = fakePool();
    pool.submit();
    pool.last.claim();
    const waiting = pool.submit();
    waiting.cancel();
    expect(begun).toHaveLength(1);
    expect(over).toMatchObject([{ id: waiting.id, outcome: 'cancelled', waitTime: null, runTime: null, error: undefined }]);
  });

  it('is told of when it is refused, too', () => {
    const [heard, over] = [submitted(), ended()];
    const pool = fakePool({ maxQueue: 0, onFull: 'reject' });
    pool.submit();
    pool.last.claim();
    const refused = pool.submit();
    expect(heard).toHaveLength(2);
    expect(over).toMatchObject([{ id: refused.id, outcome: 'failed', waitTime: null, error: { code: 'OFFLOOP_EXECUTOR_FULL' } }]);
  });

  it('of a plain function has no module; of no executor, it is not told of', () => {
    const heard = submitted();
    makeJob().end({ ok: true, value: 1 });
    expect(heard).toEqual([]);
  });
});

describe('over real workers', () => {
  it('the thread is named, and an executor that ends tells its last figures', async () => {
    const [begun, over, executors] = [started(), ended(), listenTo<ExecutorEndedEvent>('offloop:executor:ended')];
    await run(
      async () => {
        const pool = new ThreadPoolExecutor({ max: 1, name: 'told of' });
        await pool.submit(add, [1, 2]);
        await pool.submit((n: number) => n, [1]);
        await failure(pool.submit(throwValue, ['no']));
        expect(executors).toEqual([]);
      },
      { signals: false },
    );
    expect(begun.map(({ worker }) => typeof worker)).toEqual(['number', 'number', 'number']);
    expect(new Set(begun.map(({ worker }) => worker)).size).toBe(1);
    expect(begun[0]!.worker).toBeGreaterThan(0);
    expect(over.map(({ outcome }) => outcome)).toEqual(['completed', 'completed', 'failed']);
    expect(begun[1]!.function).toMatchObject({ module: undefined, export: undefined });
    expect(executors).toMatchObject([
      { executor: { name: 'told of', kind: 'thread' }, statistics: { workers: 0, completed: 2, failed: 1 } },
    ]);
  });

  it('a job that runs on this loop is told of like any other', async () => {
    const [begun, over] = [started(), ended()];
    const inline = new InlineExecutor();
    await inline.submit(add, [1, 2]);
    await inline.shutdown();
    expect(begun).toMatchObject([{ name: 'add', executor: { kind: 'inline' }, worker: threadId }]);
    expect(over).toMatchObject([{ name: 'add', outcome: 'completed' }]);
  });
});
