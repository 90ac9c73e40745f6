/** What the contract of all executors does not say: what is special about this very loop. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it } from 'vitest';
import { InlineExecutor, isCancelled, move, run, runInExecutor, setDefaultExecutor, sleep, TimeoutError } from '../../src/index.ts';
import { MockClock } from '../../src/testing/index.ts';
import { workerState } from '../../src/executors/worker-state.ts';
import { currentJob } from '../../workers/job.ts';
import { add, addLater, echo, jobName, waitUntil, whereAmI } from '../fixtures/jobs/basic.ts';
import { finishAnyway, spinHere, waitForSignal } from '../fixtures/jobs/cancel.ts';
import { depth, nestedPlaces } from '../fixtures/jobs/nested.ts';
import { napVirtually, peekContext, seeContext } from '../fixtures/jobs/inline.ts';
import { makeGate, runningJob } from '../support/gates.ts';
import { failure } from '../support/virtual.ts';

let made: InlineExecutor[] = [];
const use = (): InlineExecutor => {
  made.push(new InlineExecutor());
  return made.at(-1)!;
};
afterEach(async () => {
  await Promise.all(made.map((executor) => executor.shutdown({ cancelPending: true, timeout: 1000 })));
  made = [];
});

describe('InlineExecutor', () => {
  it('runs jobs here, and does not make this thread a worker', async () => {
    const executor = use();
    expect(await executor.submit(whereAmI, [])).toEqual({ main: true, thread: 0, pid: process.pid });
    expect(workerState()).toBe(undefined);
    expect(executor.statistics()).toMatchObject({ kind: 'inline', workers: 1, completed: 1 });
    expect(await run(async () => Promise.resolve('still runs'), { signals: false })).toBe('still runs');
  });

  it('copies arguments and results, and moves what is marked, as if there were a worker between', async () => {
    const executor = use();
    const sent = { list: [1] };
    const back = (await executor.submit(echo, [sent])) as typeof sent;
    expect([back, back === sent, back.list === sent.list]).toEqual([sent, false, false]);
    const bytes = new Uint8Array([1, 2]);
    expect(await executor.submit(echo, [move(bytes)])).toEqual(new Uint8Array([1, 2]));
    expect(bytes.byteLength).toBe(0);
  });

  it('runs one job at a time, in order, and lets the loop live between two', async () => {
    const executor = use();
    const gate = makeGate();
    const first = await runningJob(executor, waitUntil, [gate.file, 'first']);
    const second = executor.submit(add, [1, 2]);
    expect(executor.statistics()).toMatchObject({ running: 1, queued: 1, busy: 1 });
    gate.open();
    expect([await first.job, await second]).toEqual(['first', 3]);
    let turns = 0;
    const count = (): void => void (++turns && (counting = setImmediate(count)));
    let counting = setImmediate(count);
    await Promise.all(Array.from({ length: 50 }, (_, i) => executor.submit(add, [i, 1])));
    clearImmediate(counting);
    expect(turns).toBeGreaterThan(20);
  });

  it('knows its current job, inside only', async () => {
    expect(await use().submit(jobName, [], { name: 'mine' })).toBe('mine');
    expect(currentJob()).toBe(undefined);
  });

  it('shows a job nothing of the context of the one before it, nor of its caller', async () => {
    const executor = use();
    await seeContext.run('caller', async () => {
      expect(await executor.submit(peekContext, ['first'])).toBe(undefined);
      expect(seeContext.getStore()).toBe('caller');
    });
    expect(await executor.submit(peekContext, ['second'])).toBe(undefined);
    expect(new AsyncLocalStorage().getStore()).toBe(undefined);
  });

  it('runs calls from inside of a job in place, also those to itself: it cannot lock up (139)', async () => {
    await run(
      async () => {
        const executor = new InlineExecutor();
        setDefaultExecutor(executor);
        expect(await executor.submit(depth, [5])).toBe(5);
        expect(await depth(3)).toBe(3);
        const [outer, inner] = await nestedPlaces();
        expect(inner).toEqual(outer);
        expect(executor.statistics()).toMatchObject({ completed: 3 });
      },
      { signals: false },
    );
  });

  it('sleeps on the virtual clock of its run', async () => {
    const clock = new MockClock({ autojump: true });
    const start = performance.now();
    const slept = await run(
      async () => {
        const executor = new InlineExecutor();
        const job = executor.submit(napVirtually, [3_600_000]);
        await sleep(60_000);
        expect(job.state).toBe('running');
        return job;
      },
      { clock, signals: false },
    );
    expect([slept, clock.now()]).toEqual([3_600_000, 3_600_000]);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('stops jobs that listen, by their signal and by the flag', async () => {
    const executor = use();
    const { job } = await runningJob(executor, waitForSignal, []);
    job.cancel('enough');
    expect(await failure(job)).toMatchObject({ reason: 'enough' });
    const polite = executor.submit(spinHere, [], { onProgress: () => {} });
    polite.cancel();
    expect(isCancelled(await failure(polite))).toBe(true);
    expect(executor.statistics()).toMatchObject({ cancelled: 2, respawned: 0 });
  });

  it('leaves a job behind that does not end within its grace; what it still does is ignored', async () => {
    const executor = use();
    const { job, heard } = await runningJob(executor, finishAnyway, [100], { timeout: 1, grace: 5 });
    expect(await failure(job)).toBeInstanceOf(TimeoutError);
    expect(await executor.submit(add, [1, 2])).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(heard).toEqual(['running']);
    expect(executor.statistics()).toMatchObject({ failed: 1, completed: 1, respawned: 1, running: 0 });
  });

  it('is an executor like the others for runInExecutor and with()', async () => {
    const executor = use();
    expect(await runInExecutor(executor, add, 1, 2)).toBe(3);
    expect(await addLater.with({ executor })(1, 2)).toBe(3);
    expect(await runInExecutor(executor, (n: number) => n + 1, 1)).toBe(2);
    await executor.warmup();
    expect(String(executor)).toBe('<InlineExecutor: 1 workers, 0 busy, 0 queued>');
  });

  it('is over after its shutdown, and refuses from then on', async () => {
    const executor = new InlineExecutor();
    const job = executor.submit(add, [1, 2]);
    await executor.shutdown();
    expect([job.result(), executor.statistics().workers]).toEqual([3, 0]);
    expect(await failure(executor.submit(add, [1, 2]))).toMatchObject({ code: 'OFFLOOP_INVALID_STATE' });
  });
});
