/** Section D and J 125, 135, 136, 141: stopping the work, not only the promise. */
import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { CancelledError, CancelScope, isCancelled, move, TimeoutError, timeout, withTaskGroup } from '../../../src/index.ts';
import { add, echo, holdUntil, whereAmI } from '../../fixtures/jobs/basic.ts';
import { countAfter, finishAnyway, sleepInside, spinForever, spinPolitely, waitForSignal } from '../../fixtures/jobs/cancel.ts';
import { makeGate, runningJob } from '../../support/gates.ts';
import { failure } from '../../support/virtual.ts';
import type { Subject } from './subject.ts';

const memory = (): SharedArrayBuffer => new SharedArrayBuffer(4);

export function cancellation({ use, shared, separate, sharedMemory, reports }: Subject): void {
  it('aborting a running job rejects it and frees the worker (48)', async () => {
    const executor = use({ max: 1 });
    const controller = new AbortController();
    const { job } = await runningJob(executor, waitForSignal, [], { signal: controller.signal });
    controller.abort();
    expect(await failure(job)).toBeInstanceOf(CancelledError);
    expect(await executor.submit(add, [1, 2])).toBe(3);
    expect(executor.statistics()).toMatchObject({ cancelled: 1, completed: 1, respawned: 0 });
  });

  it.runIf(separate)('aborting a queued job removes it; it never runs, and those behind it do (49, 57)', async () => {
    const executor = use({ max: 1 });
    const gate = makeGate();
    const { job } = await runningJob(executor, holdUntil, [gate.file]);
    const heard: unknown[] = [];
    const controller = new AbortController();
    const queued = executor.submit(holdUntil, [gate.file], { signal: controller.signal, onProgress: (p) => heard.push(p) });
    const behind = executor.submit(add, [1, 2]);
    controller.abort();
    expect(queued.state).toBe('cancelled');
    expect(executor.statistics()).toMatchObject({ queued: 1, cancelled: 1 });
    gate.open();
    expect([await job, await behind, heard]).toEqual([undefined, 3, []]);
  });

  it('a signal that is aborted already: nothing is sent, nothing is moved (50)', async () => {
    const executor = use({ max: 1 });
    const bytes = new Uint8Array(4);
    const error = await failure(executor.submit(echo, [move(bytes)], { signal: AbortSignal.abort() }));
    expect(isCancelled(error)).toBe(true);
    expect(bytes.byteLength).toBe(4);
    expect(executor.statistics()).toMatchObject({ workers: 0, cancelled: 0 });
  });

  it('the abort reason is kept, here and in the job (51)', async () => {
    const executor = shared(1);
    const controller = new AbortController();
    const { job, heard } = await runningJob(executor, waitForSignal, [], { signal: controller.signal });
    const reason = new RangeError('user left');
    controller.abort(reason);
    expect(await failure(job)).toMatchObject({ source: 'signal', reason, cause: reason });
    expect(heard[1]).toMatchObject({ source: 'signal', reason: { message: 'user left' } });
  });

  it('no listener stays on a signal when its jobs have settled (52)', async () => {
    const executor = shared(1);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 20 }, () => executor.submit(add, [1, 1], { signal })));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it.runIf(separate)('killing a job never hits another one (53)', async () => {
    const executor = use({ max: 2 });
    const gate = makeGate();
    const innocent = await runningJob(executor, holdUntil, [gate.file, 'unharmed']);
    const { job } = await runningJob(executor, spinForever, [], { grace: 1 });
    const queued = executor.submit(add, [1, 2]);
    job.cancel();
    expect(await failure(job)).toBeInstanceOf(CancelledError);
    expect(await queued).toBe(3);
    gate.open();
    expect(await innocent.job).toBe('unharmed');
  });

  it('many aborts at once settle every promise, and the pool stays usable (54)', async () => {
    const executor = use({ max: 2 });
    const controller = new AbortController();
    const jobs = Array.from({ length: 200 }, (_, i) =>
      executor.submit(i % 10 === 0 ? waitForSignal : (sleepInside as never), [], { signal: controller.signal }),
    );
    const settled = Promise.allSettled(jobs);
    controller.abort();
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true);
    expect(await executor.submit(add, [1, 2])).toBe(3);
    expect(executor.statistics()).toMatchObject({ running: 0, queued: 0, cancelled: 200, completed: 1 });
  });

  it.runIf(separate)('no job goes to a worker that is being killed (58)', async () => {
    const executor = use({ max: 1 });
    const { job } = await runningJob(executor, spinForever, [], { grace: 0 });
    job.cancel();
    const others = Array.from({ length: 5 }, () => executor.submit(whereAmI, []));
    expect(await failure(job)).toBeInstanceOf(CancelledError);
    expect(await Promise.all(others)).toHaveLength(5);
  });

  it('a job that takes longer than its timeout rejects with TimeoutError (59)', async () => {
    const executor = shared(1);
    const { job } = await runningJob(executor, waitForSignal, [], { timeout: 250, name: 'slow one' });
    const error = await failure(job);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ message: 'Job "slow one" ran longer than its timeout of 250 ms', cause: { source: 'deadline' } });
    expect(await executor.submit(add, [1, 2])).toBe(3);
  });

  it.runIf(separate)('the timeout does not count the wait in the queue nor the start of the worker (60, 141)', async () => {
    const executor = use({ max: 1 });
    const gate = makeGate();
    const { job } = await runningJob(executor, holdUntil, [gate.file]);
    const limited = executor.submit(add, [1, 2], { timeout: 400 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    gate.open();
    expect([await job, await limited]).toEqual([undefined, 3]);
  });

  it.runIf(separate)('a job that ended in time is not late because this loop was: its result is heard first', async () => {
    const executor = use({ max: 1 });
    await executor.submit(echo, ['warm']);
    const outcome = await new Promise((resolve) => {
      // After an immediate come the timers, and only then the messages.
      setImmediate(() => {
        const job = executor.submit(echo, ['in time'], { timeout: 500 });
        void job.then(resolve, resolve);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
      });
    });
    expect(outcome).toBe('in time');
  });

  it('a job that listens is stopped without a kill, on cancel and on timeout; its worker goes on (61)', async () => {
    const executor = use({ max: 1 });
    const before = await executor.submit(whereAmI, []);
    const cancelled = await runningJob(executor, waitForSignal, []);
    cancelled.job.cancel('enough');
    expect(await failure(cancelled.job)).toMatchObject({ reason: 'enough' });
    const late = await runningJob(executor, sleepInside, [], { timeout: 200 });
    expect(await failure(late.job)).toBeInstanceOf(TimeoutError);
    expect(await executor.submit(whereAmI, [])).toEqual(before);
    expect(executor.statistics().respawned).toBe(0);
  });

  it.runIf(separate)('a job that does not listen is killed after its grace, and the next gets a new worker (62)', async () => {
    const executor = use({ max: 1 });
    const before = await executor.submit(whereAmI, []);
    const { job } = await runningJob(executor, spinForever, [], { grace: 20 });
    job.cancel();
    expect(await failure(job)).toBeInstanceOf(CancelledError);
    expect(await executor.submit(whereAmI, [])).not.toEqual(before);
    expect(executor.statistics()).toMatchObject({ respawned: 1, cancelled: 1 });
    expect(reports).toEqual([]);
  });

  it('what a job says while it stops is delivered (63)', async () => {
    const executor = shared(1);
    const { job, heard } = await runningJob(executor, waitForSignal, []);
    job.cancel('why');
    await failure(job);
    expect(heard).toEqual(['running', { source: 'explicit', reason: 'why' }]);
  });

  it('cancelling the scope cancels its jobs, and it goes on when they have ended (64)', async () => {
    const executor = use({ max: 2 });
    const scope = new CancelScope();
    const jobs: { settled: boolean }[] = [];
    await scope.run(async () => {
      const { job } = await runningJob(executor, waitForSignal, []);
      jobs.push(job, executor.submit(sleepInside, []));
      scope.cancel();
      await job;
    });
    expect(scope.cancelledCaught).toBe(true);
    expect(jobs.map(({ settled }) => settled)).toEqual([true, true]);
  });

  it('cancelling a job that has ended returns false and changes nothing (65)', async () => {
    const executor = shared(1);
    const job = executor.submit(add, [1, 2]);
    expect([await job, job.cancel(), await job, job.state]).toEqual([3, false, 3, 'done']);
  });

  it.runIf(separate && sharedMemory)(
    'the work really stops: a counter in a tight loop stands still after the job has ended (135, 136)',
    async () => {
      const executor = use({ max: 1 });
      const counter = memory();
      const { job } = await runningJob(executor, spinPolitely, [counter]);
      job.cancel();
      await failure(job);
      const word = new Int32Array(counter);
      const stopped = word[0]!;
      expect(await executor.submit(add, [1, 2])).toBe(3); // in the same worker, so the loop is over
      expect([word[0], executor.statistics().respawned]).toEqual([stopped, 0]);
    },
  );

  it.runIf(sharedMemory)('with wait the caller goes on only when the job has ended by itself (TH-07)', async () => {
    const executor = use({ max: 1 });
    const done = memory();
    const scope = new CancelScope();
    await scope.run(async () => {
      const { job } = await runningJob(executor, finishAnyway, [50, done], { onCancel: 'wait', grace: 0 });
      scope.cancel();
      await failure(job);
      expect(new Int32Array(done)[0]).toBe(1);
    });
    expect(executor.statistics()).toMatchObject({ respawned: 0, cancelled: 1 });
  });

  it.runIf(sharedMemory)('with terminate the caller goes on when the job has ended or was killed, not before (TH-07)', async () => {
    const executor = shared(1);
    const done = memory();
    const scope = new CancelScope();
    await scope.run(async () => {
      const { job } = await runningJob(executor, finishAnyway, [30, done], { grace: 10_000 });
      scope.cancel();
      await failure(job);
      expect(new Int32Array(done)[0]).toBe(1);
    });
  });

  it.runIf(separate && sharedMemory)(
    'with abandon the caller goes on at once, and the worker stays taken until the job ends (TH-09)',
    async () => {
      const executor = use({ max: 1 });
      const counter = memory();
      const { job } = await runningJob(executor, countAfter, [100, counter], { onCancel: 'abandon' });
      job.cancel();
      expect(await failure(job)).toBeInstanceOf(CancelledError);
      expect(new Int32Array(counter)[0]).toBe(0);
      expect(executor.statistics()).toMatchObject({ busy: 1, running: 1, cancelled: 1 });
      const next = await executor.submit(countAfter, [0, counter]);
      expect(next).toBe(2);
      expect(executor.statistics()).toMatchObject({ completed: 1, cancelled: 1, respawned: 0 });
    },
  );

  it.runIf(separate && sharedMemory)('never more than max jobs run, abandoned ones included (TH-09)', async () => {
    const executor = use({ max: 2 });
    const counter = memory();
    const abandoned = await Promise.all([1, 2].map(() => runningJob(executor, countAfter, [100, counter], { onCancel: 'abandon' })));
    for (const { job } of abandoned) job.cancel();
    const ranks = await Promise.all(Array.from({ length: 4 }, () => executor.submit(countAfter, [0, counter])));
    expect(Math.min(...ranks)).toBeGreaterThan(1);
  });

  it.runIf(separate)('a time limit around the wait alone leaves the job running', async () => {
    const executor = use({ max: 1 });
    const gate = makeGate();
    const { job } = await runningJob(executor, holdUntil, [gate.file, 'kept']);
    expect(await failure(timeout(20, () => job))).toBeInstanceOf(TimeoutError);
    expect(job.state).toBe('running');
    gate.open();
    expect(await job).toBe('kept');
  });

  it('jobs of a failing group are cancelled with it', async () => {
    const executor = use({ max: 1 });
    const job: { current?: { state: string } } = {};
    const error = await failure(
      withTaskGroup(async (tg) => {
        tg.spawn(async () => {
          const running = await runningJob(executor, waitForSignal, []);
          job.current = running.job;
          tg.spawn(() => {
            throw new Error('sibling');
          });
          await running.job;
        });
      }),
    );
    expect((error as AggregateError).errors).toMatchObject([{ message: 'sibling' }]);
    expect(job.current!.state).toBe('cancelled');
  });

  it('aborting a queued job raises no uncaught error (125)', async () => {
    const executor = use({ max: 1 });
    const uncaught: unknown[] = [];
    const listen = (error: unknown): void => void uncaught.push(error);
    process.on('uncaughtException', listen).on('unhandledRejection', listen);
    const controller = new AbortController();
    const running = executor.submit(add, [1, 1]);
    for (let i = 0; i < 10; i++) void executor.submit(add, [1, i], { signal: controller.signal });
    controller.abort();
    await running;
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('uncaughtException', listen).off('unhandledRejection', listen);
    expect([uncaught, reports]).toEqual([[], []]);
  });
}
