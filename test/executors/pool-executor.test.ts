/** What the contract of all executors does not say, and is the same for each of them. */
import { describe, expect, it } from 'vitest';
import { CancelScope, run, ThreadPoolExecutor, timeout } from '../../src/index.ts';
import { statisticsOf } from '../../src/base/live.ts';
import { add } from '../fixtures/jobs/basic.ts';
import { sleepInside } from '../fixtures/jobs/cancel.ts';
import { hangingTeardown } from '../fixtures/jobs/lifecycle.ts';
import { runningJob } from '../support/gates.ts';
import { failure } from '../support/virtual.ts';

describe('an executor over a pool', () => {
  it('can be seen by instruments while it is there', async () => {
    const executor = new ThreadPoolExecutor({ name: 'seen by all' });
    expect(statisticsOf('executor')['seen by all']).toMatchObject({ kind: 'thread', workers: 0 });
    await executor.shutdown();
    expect(statisticsOf('executor')).not.toHaveProperty('seen by all');
  });

  it('says in one line how it is', async () => {
    const executor = new ThreadPoolExecutor({ name: 'images' });
    expect(String(executor)).toBe('<images: 0 workers, 0 busy, 0 queued>');
    await executor.shutdown();
  });

  it('starts nothing in a cancelled scope, and can be released there', async () => {
    const executor = new ThreadPoolExecutor({ max: 1 });
    const scope = new CancelScope();
    await scope.run(async () => {
      const { job } = await runningJob(executor, sleepInside, []);
      scope.cancel();
      expect(await failure(executor.warmup())).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
      await failure(job);
      await executor.shutdown();
      expect(executor.statistics().workers).toBe(0);
    });
  });

  it('stops waiting for workers to warm up when it is cancelled, although they never get ready', async () => {
    const executor = new ThreadPoolExecutor({ max: 1, init: hangingTeardown });
    const error = await failure(timeout(10, () => executor.warmup()));
    expect(error).toMatchObject({ name: 'TimeoutError' });
    expect(executor.statistics()).toMatchObject({ workers: 1, idle: 0, busy: 0 });
    expect(await failure(executor.submit(add, [1, 2], { queueTimeout: 20 }))).toMatchObject({
      name: 'TimeoutError',
      message: 'Job "add" did not start within its queueTimeout of 20 ms',
    });
    await executor.shutdown();
    expect(executor.statistics().workers).toBe(0);
  });

  it('is shut down by the run() it was made in, once', async () => {
    let executor!: ThreadPoolExecutor;
    await run(
      async () => {
        executor = new ThreadPoolExecutor({ max: 1 });
        await executor.submit(add, [1, 2]);
      },
      { signals: false },
    );
    expect(executor.statistics().workers).toBe(0);
  });

  it('rejects bad calls with a task, like any failure, and starts nothing (93)', async () => {
    const executor = new ThreadPoolExecutor({ max: 1 });
    for (const bad of [
      executor.submit(add, [1, 2], { priority: NaN }),
      executor.submit({} as never, []),
      executor.submit(add, {} as never),
    ]) {
      expect(await failure(bad)).toMatchObject({ code: expect.stringMatching(/INVALID_ARGUMENT|OUT_OF_RANGE/) as string });
    }
    expect(executor.statistics()).toMatchObject({ workers: 0, failed: 0 });
    await executor.shutdown();
  });

  it('utilization is the share of the workers’ time that jobs took', async () => {
    const executor = new ThreadPoolExecutor({ max: 1 });
    const spin = (ms: number): void => {
      for (const end = performance.now() + ms; performance.now() < end;);
    };
    await executor.submit(spin, [50]);
    const { utilization, runTime } = executor.statistics();
    expect(utilization).toBeGreaterThan(0);
    expect(utilization).toBeLessThanOrEqual(1);
    expect(runTime.max).toBeGreaterThanOrEqual(50);
    await executor.shutdown();
  });
});
