import { afterEach, describe, expect, it } from 'vitest';
import {
  CancelledError,
  CancelScope,
  run,
  runInExecutor,
  setDefaultExecutor,
  shutdownDefaultExecutor,
  ThreadPoolExecutor,
  toThread,
} from '../../src/index.ts';
import { here } from '../../src/core/scope.ts';
import type { Executor } from '../../src/index.ts';
import { add, whereAmI } from '../fixtures/jobs/basic.ts';
import { failure, refusal } from '../support/virtual.ts';

afterEach(() => shutdownDefaultExecutor());

const quiet = { signals: false } as const;

describe('the default executor', () => {
  it('is made when it is first needed, one per run(), and shut down at its end (TH-05)', async () => {
    const seen: unknown[] = [];
    let executor: Executor | null = null;
    await run(async () => {
      const { runtime } = here();
      seen.push(runtime.executor);
      await Promise.all([toThread(add, 1, 2), add(3, 4)]);
      executor = runtime.executor as Executor;
      seen.push(executor.statistics().completed);
    }, quiet);
    expect(seen).toEqual([null, 2]);
    expect(executor!.statistics().workers).toBe(0);
  });

  it('also serves calls outside of any run(); its workers let the process end', async () => {
    expect(await add(1, 2)).toBe(3);
    expect(await toThread((n: number) => n * 2, 21)).toBe(42);
  });

  it('runs jobs in another thread (TH-01), ten at once (TH-03)', async () => {
    const places = await Promise.all(Array.from({ length: 10 }, () => toThread(whereAmI)));
    expect(places.every(({ main }) => !main)).toBe(true);
  });

  it('can be given to run()', async () => {
    const executor = new ThreadPoolExecutor({ max: 1 });
    expect(await run(() => toThread(add, 1, 2), { ...quiet, executor })).toBe(3);
    expect(executor.statistics()).toMatchObject({ completed: 1, workers: 0 });
    expect(await failure(executor.submit(add, [1, 1]))).toMatchObject({ code: 'OFFLOOP_INVALID_STATE' });
  });

  it('can be set; run() shuts that one down too', async () => {
    const executor = new ThreadPoolExecutor({ max: 1 });
    await run(async () => {
      setDefaultExecutor(executor);
      await add(1, 2);
    }, quiet);
    expect(executor.statistics()).toMatchObject({ completed: 1, workers: 0 });
  });

  it('can be shut down; the next use makes a new one', async () => {
    await shutdownDefaultExecutor(); // there is none
    expect(await add(1, 2)).toBe(3);
    await shutdownDefaultExecutor(5000);
    expect(here().runtime.executor).toBe(null);
    expect(await add(3, 4)).toBe(7);
  });

  it('refuses what is no executor, and what is no time limit', async () => {
    expect(await refusal(() => setDefaultExecutor({} as never))).toBe(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected executor to be an Executor, got {} (object)',
    );
    expect(await refusal(() => runInExecutor('threads' as never, add, 1, 2))).toContain('Expected executor to be an Executor');
    expect(await refusal(() => shutdownDefaultExecutor(NaN))).toContain('RangeError OFFLOOP_OUT_OF_RANGE');
    expect(await refusal(() => shutdownDefaultExecutor('soon' as never))).toContain('TypeError OFFLOOP_INVALID_ARGUMENT');
  });
});

describe('runInExecutor and toThread', () => {
  it('take offloaded and plain functions', async () => {
    const executor = new ThreadPoolExecutor({ max: 1 });
    expect(await runInExecutor(executor, add, 1, 2)).toBe(3);
    expect(await runInExecutor(null, (text: string) => text.toUpperCase(), 'loud')).toBe('LOUD');
    expect(executor.statistics().completed).toBe(1);
    await executor.shutdown();
  });

  it('name what a plain function needs from around it', async () => {
    const around = 5;
    const error = await failure(toThread(() => around + 1));
    expect(error).toMatchObject({ code: 'OFFLOOP_FREE_VARIABLE', variables: ['around'] });
  });

  it('reject for what is no function', async () => {
    expect(await refusal(toThread(5 as never) as never)).toContain(
      'Expected fn to be an offloaded or self-contained function, got 5 (number)',
    );
    expect(await refusal(toThread(null as never) as never)).toContain('got null');
  });

  it('hand the work to any other executor', async () => {
    const calls: unknown[] = [];
    const foreign = {
      submit: (fn: unknown, args: unknown, options: unknown) => (calls.push([fn, args, options]), Promise.resolve('theirs')),
      shutdown: () => Promise.resolve(),
    } as unknown as Executor;
    expect(await runInExecutor(foreign, add, 1, 2)).toBe('theirs');
    expect(await add.with({ executor: foreign, priority: 1 })(3, 4)).toBe('theirs');
    expect(calls).toEqual([[add, [1, 2], undefined], [add, [3, 4], { priority: 1 }]]); // prettier-ignore
  });

  it('in a cancelled scope start nothing (TH-07)', async () => {
    const scope = new CancelScope();
    await scope.run(async () => {
      scope.cancel();
      expect(await failure(toThread(add, 1, 2))).toBeInstanceOf(CancelledError);
    });
  });
});

describe('inside a worker', () => {
  const key = Symbol.for('offloop.worker.v1');
  const world = globalThis as Record<symbol, unknown>;
  afterEach(() => {
    delete world[key];
  });
  const enter = (): void => void (world[key] = { loading: 0, hints: {}, warn: () => {} });

  it('a call runs in place, at once: a further hop could wait for its own worker for ever (139)', async () => {
    enter();
    const job = whereAmI();
    expect(job.settled).toBe(true);
    expect(await job).toMatchObject({ main: true, thread: 0 });
    expect(await toThread((n: number) => n + 1, 1)).toBe(2);
    expect(here().runtime.executor).toBe(null);
  });

  it('its errors and its options are those of a job', async () => {
    enter();
    const fails = (): never => {
      throw new RangeError('in place');
    };
    expect(await failure(toThread(fails))).toMatchObject({ message: 'in place' });
    expect(add.with({ name: 'mine' })(1, 2).name).toBe('mine');
    const scope = new CancelScope();
    await scope.run(async () => {
      scope.cancel();
      expect(await failure(add(1, 2))).toBeInstanceOf(CancelledError);
    });
  });

  it('an executor that is named is used', async () => {
    const executor = new ThreadPoolExecutor({ max: 1 });
    enter();
    expect((await whereAmI.with({ executor })()).main).toBe(false);
    delete world[key];
    await executor.shutdown();
  });
});
