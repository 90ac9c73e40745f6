/** What the contract of all executors does not say: the processes. Their life and that of the program: realtime/{executor,process}-lifetime. */
import { describe, expect, it } from 'vitest';
import { ProcessPoolExecutor, run, runInExecutor, setDefaultExecutor, toThread } from '../../src/index.ts';
import { add, whereAmI } from '../fixtures/jobs/basic.ts';
import { spinHere } from '../fixtures/jobs/cancel.ts';
import { printAndDie } from '../fixtures/jobs/crash.ts';
import { runningJob } from '../support/gates.ts';
import { failure } from '../support/virtual.ts';

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('ProcessPoolExecutor', () => {
  it('runs jobs in processes of their own, which are really gone after the shutdown (86, 116)', async () => {
    const executor = new ProcessPoolExecutor({ max: 2 });
    await executor.warmup();
    const places = await Promise.all([executor.submit(whereAmI, []), executor.submit(whereAmI, [])]);
    const pids = [...new Set(places.map(({ pid }) => pid))];
    expect(pids.every((pid) => pid !== process.pid && isThere(pid))).toBe(true);
    expect(executor.statistics()).toMatchObject({ kind: 'process', workers: 2, completed: 2 });
    await executor.shutdown();
    expect(pids.some(isThere)).toBe(false);
  });

  it('names the signal that killed a worker (76)', async () => {
    const executor = new ProcessPoolExecutor({ max: 1 });
    const error = await failure(executor.submit(printAndDie, [], { name: 'doomed' }));
    expect(error).toMatchObject({ code: 'OFFLOOP_WORKER_DIED', why: 'exit', exitCode: null, signalName: 'SIGKILL', job: 'doomed' });
    expect((error as Error).message).toBe('The worker died while it ran job "doomed": the worker was killed by SIGKILL');
    expect(await executor.submit(add, [1, 2])).toBe(3);
    await executor.shutdown();
  });

  it('stops a tight loop by its flag, without a kill (135, 136)', async () => {
    const executor = new ProcessPoolExecutor({ max: 1 });
    const before = await executor.submit(whereAmI, []);
    const { job } = await runningJob(executor, spinHere, [], { grace: 20_000 });
    job.cancel();
    expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    expect(await executor.submit(whereAmI, [])).toEqual(before);
    expect(executor.statistics()).toMatchObject({ respawned: 0, cancelled: 1 });
    await executor.shutdown();
  });

  it('can be the default, be named in a call, and ends with its run()', async () => {
    let executor!: ProcessPoolExecutor;
    const places = await run(
      async () => {
        executor = new ProcessPoolExecutor({ max: 1 });
        setDefaultExecutor(executor);
        return [await whereAmI(), await whereAmI.with({ executor })(), await runInExecutor(executor, whereAmI), await toThread(whereAmI)];
      },
      { signals: false },
    );
    expect(new Set(places.map(({ pid }) => pid)).size).toBe(1);
    expect([places[0]!.pid === process.pid, executor.statistics().workers]).toEqual([false, 0]);
  });

  it('checks its options as a thread pool does, and says whose they are (12)', () => {
    expect(() => new ProcessPoolExecutor({ min: 3, max: 1 })).toThrow('Expected options.min');
    expect(() => new ProcessPoolExecutor({ resourceLimits: { maxOldGenerationSizeMb: -1 } })).toThrow(
      'options.resourceLimits.maxOldGenerationSizeMb',
    );
    expect(String(new ProcessPoolExecutor())).toBe('<ProcessPoolExecutor: 0 workers, 0 busy, 0 queued>');
  });
});
