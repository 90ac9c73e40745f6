/** Section B and J 122–124: how many run, in which order, and what the figures say. */
import { expect, it } from 'vitest';
import { add, countsUp, echo, holdUntil, leaveTimer, whereAmI } from '../../fixtures/jobs/basic.ts';
import type { Place } from '../../fixtures/jobs/basic.ts';
import { makeGate, runningJob } from '../../support/gates.ts';
import { failure } from '../../support/virtual.ts';
import type { Subject } from './subject.ts';

const same = (places: readonly Place[]): number => new Set(places.map(({ pid, thread }) => `${pid}/${thread}`)).size;

export function scheduling({ use, shared, separate, sharedMemory }: Subject): void {
  it.runIf(separate)('starts with min workers, grows with its work, never above max (20, 23)', async () => {
    const executor = use({ min: 1, max: 2 });
    expect(executor.statistics()).toMatchObject({ workers: 1, idle: 0, busy: 0 }); // it is not ready yet
    await executor.submit(add, [1, 2]);
    expect(executor.statistics()).toMatchObject({ workers: 1, idle: 1, busy: 0 });
    const gate = makeGate();
    const jobs = await Promise.all([runningJob(executor, holdUntil, [gate.file]), runningJob(executor, holdUntil, [gate.file])]);
    const waiting = executor.submit(add, [1, 2]);
    expect(executor.statistics()).toMatchObject({ workers: 2, idle: 0, busy: 2, running: 2, queued: 1 });
    gate.open();
    await Promise.all([...jobs.map(({ job }) => job), waiting]);
    expect(executor.statistics()).toMatchObject({ workers: 2, idle: 2, running: 0, queued: 0, completed: 4 });
  });

  it.runIf(separate)('a burst on a cold pool starts all workers at once (21)', async () => {
    const executor = use({ max: 3 });
    const gate = makeGate();
    const jobs = Array.from({ length: 4 }, () => executor.submit(holdUntil, [gate.file]));
    expect(executor.statistics()).toMatchObject({ workers: 3, queued: 1 });
    gate.open();
    await Promise.all(jobs);
  });

  it('with min 0 the first job starts a worker, and completes (24)', async () => {
    const executor = use({ min: 0, max: 1 });
    expect(executor.statistics()).toMatchObject({ workers: 0 });
    expect(await executor.submit(add, [1, 2])).toBe(3);
  });

  it.runIf(separate)('idle workers above min end after the idle time, and come back when they are needed (25)', async () => {
    const executor = use({ max: 1, idleTimeout: 1 });
    const first = await executor.submit(whereAmI, []);
    while (executor.statistics().workers > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(same([first, await executor.submit(whereAmI, [])])).toBe(2);
    expect(executor.statistics().respawned).toBe(0);
  });

  it.runIf(separate)('jobs above capacity wait, and the figures are right at each step (29, 105)', async () => {
    const executor = use({ max: 1 });
    const [first, second] = [makeGate(), makeGate()];
    const { job } = await runningJob(executor, holdUntil, [first.file]);
    const next = new Promise<void>((resolve) => {
      void executor.submit(holdUntil, [second.file], { onProgress: () => resolve() }).catch(() => {});
    });
    const last = executor.submit(add, [1, 2]);
    expect(executor.statistics()).toMatchObject({ running: 1, queued: 2, completed: 0 });
    first.open();
    await Promise.all([job, next]);
    expect(executor.statistics()).toMatchObject({ running: 1, queued: 1, completed: 1 });
    second.open();
    await last;
    expect(executor.statistics()).toMatchObject({ workers: 1, running: 0, queued: 0, completed: 3 });
  });

  it('jobs start in the order of their submission, with signals and without, mixed (31, 122)', async () => {
    const executor = shared(1);
    await executor.warmup();
    const { signal } = new AbortController();
    const jobs = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => executor.submit(countsUp, [n], n % 2 === 0 ? { signal } : {}));
    const ranks = await Promise.all(jobs);
    expect(ranks.map((rank) => rank - ranks[0]!)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('lower priority numbers run first (33)', async () => {
    const executor = use({ max: 1 });
    await executor.warmup();
    const ranks = await Promise.all([0, 2, 1, -1].map((priority) => executor.submit(countsUp, [priority], { priority })));
    expect([ranks[0]! < ranks[3]!, ranks[3]! < ranks[2]!, ranks[2]! < ranks[1]!]).toEqual([true, true, true]); // the first found an idle worker
  });

  it('thousands of jobs at once all settle, each with its own result (35)', async () => {
    const executor = use({ max: 2 });
    const results = await Promise.all(Array.from({ length: 5000 }, (_, i) => executor.submit(add, [i, 1])));
    expect(results).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
    expect(executor.statistics()).toMatchObject({ completed: 5000, running: 0, queued: 0 });
  });

  it.runIf(separate)('jobs finish while this thread blocks, and all results are delivered then (36)', async () => {
    const executor = shared(2);
    await executor.warmup();
    const jobs = [1, 2].map((n) => executor.submit(echo, [n]));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    expect(await Promise.all(jobs)).toEqual([1, 2]);
  });

  it('ten thousand jobs one after the other do not pile anything up (37)', async () => {
    const executor = use({ max: 1 });
    for (let i = 0; i < 10_000; i++) if ((await executor.submit(add, [i, 1])) !== i + 1) expect(i).toBe('wrong');
    expect(executor.statistics()).toMatchObject({ completed: 10_000, workers: 1 });
  });

  it.runIf(sharedMemory)('timers that a job leaves behind fire although its worker is idle (38, 129)', async () => {
    const executor = use({ max: 1 });
    const word = new Int32Array(new SharedArrayBuffer(4));
    await executor.submit(leaveTimer, [word.buffer, 20]);
    while (Atomics.load(word, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it.runIf(separate)('jobs of one affinity key share a worker (41)', async () => {
    const executor = use({ max: 3 });
    await executor.warmup();
    const keys = ['a', 'b', 'c'];
    const runs = await Promise.all(keys.flatMap((affinity) => [1, 2, 3, 4].map(() => executor.submit(whereAmI, [], { affinity }))));
    for (let i = 0; i < keys.length; i++) expect(same(runs.slice(4 * i, 4 * i + 4))).toBe(1);
  });

  it('map gives the results in the order of the items, of arrays, sets and async generators (42)', async () => {
    const executor = shared(2);
    const addOne = (n: number): number => n + 1;
    const collect = async (items: Iterable<number> | AsyncIterable<number>): Promise<number[]> => {
      const all: number[] = [];
      for await (const n of executor.map(addOne, items)) all.push(n);
      return all;
    };
    async function* generated(): AsyncGenerator<number> {
      for (let n = 1; n <= 20; n++) yield await Promise.resolve(n);
    }
    expect(await collect([1, 2, 3])).toEqual([2, 3, 4]);
    expect(await collect(new Set([5, 6]))).toEqual([6, 7]);
    expect(await collect(generated())).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
    expect(() => executor.map(addOne, 5 as never)).toThrow('Expected items to be an iterable or async iterable, got 5 (number)');
  });

  it.runIf(separate)('a job above the limit is refused, runs nowhere, and the accepted ones end (43, 44, 124)', async () => {
    const executor = use({ max: 1, maxQueue: 0, onFull: 'reject' });
    const gate = makeGate();
    const { job } = await runningJob(executor, holdUntil, [gate.file, 'held']);
    const { signal } = new AbortController();
    for (const options of [{}, { signal }, { priority: -1 }]) {
      expect(await failure(executor.submit(add, [1, 1], options))).toMatchObject({ code: 'OFFLOOP_EXECUTOR_FULL' });
    }
    gate.open();
    expect(await job).toBe('held');
    expect(executor.statistics()).toMatchObject({ completed: 1, failed: 0, cancelled: 0 });
  });

  it('the figures tell what waiting and running took, and are frozen', async () => {
    const executor = use({ max: 1 });
    await executor.submit(add, [1, 1]);
    const statistics = executor.statistics();
    expect(Object.isFrozen(statistics)).toBe(true);
    expect(statistics).toMatchObject({ waitTime: { count: 1 }, runTime: { count: 1 } });
    expect(statistics.utilization).toBeGreaterThanOrEqual(0);
    expect(statistics.utilization).toBeLessThanOrEqual(1);
  });
}
