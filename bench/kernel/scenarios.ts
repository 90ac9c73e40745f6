/** The rows of the kernel benchmark: the same work by offloop, by hand, and by the libraries. */
import { setMaxListeners } from 'node:events';
import { Semaphore as MutexSemaphore } from 'async-mutex';
import { Sema } from 'async-sema';
import { Effect, Queue as EffectQueue, Semaphore as EffectSemaphore } from 'effect';
import { run as effectionRun, spawn as effectionSpawn } from 'effection';
import { map, Queue, run, Semaphore, sleep, timeout, withTaskGroup } from 'offloop';
import pLimit from 'p-limit';
import pMap from 'p-map';
import PQueue from 'p-queue';
import type { Contestant, Scenario } from '../harness.ts';
import * as minimum from './minimum.ts';

export interface Row {
  /** The row of asyncio that does the same. */
  readonly key?: 'uncontended' | 'contended' | 'queue' | 'spawn' | 'map' | 'cancel' | 'timeout';
  readonly scenario: Scenario;
  /** What the ratios are to. Default: the hand-written minimum. */
  readonly reference?: string;
  readonly contestants: readonly Contestant[];
}

const contestant = (name: string, work: (n: number) => Promise<unknown>): Contestant => ({
  name,
  run: async (n) => {
    const counted = await work(n);
    return typeof counted === 'number' ? counted : undefined;
  },
  close: () => Promise.resolve(),
});
/** offloop's rows run inside a run() with a scope, as a program would. */
const inRun = (work: (n: number) => Promise<unknown>): Contestant =>
  contestant('offloop', (n) => run(() => timeout(60_000, () => work(n)), { signals: false }));
const tick = async (): Promise<void> => {};
const waitOnce = async (): Promise<void> => {
  await Promise.resolve();
};
const TASKS = 64;

async function uncontended(semaphore: { acquire(): Promise<unknown> }, release: (held: unknown) => void, n: number): Promise<void> {
  for (let i = 0; i < n; i++) release(await semaphore.acquire());
}

async function contended(semaphore: { acquire(): Promise<unknown> }, release: (held: unknown) => void, n: number): Promise<void> {
  const task = async (): Promise<void> => {
    for (let i = 0; i < n / TASKS; i++) {
      const held = await semaphore.acquire();
      await tick();
      release(held);
    }
  };
  await Promise.all(Array.from({ length: TASKS }, task));
}

function times(n: number, effect: Effect.Effect<unknown>): Effect.Effect<void> {
  return Effect.suspend(() => {
    let i = 0;
    return Effect.whileLoop({ while: () => i++ < n, body: () => effect, step: () => {} });
  });
}

const releaseGuard = (held: unknown): void => (held as { release(): void }).release();

function semaphoreRows(permits: number, use: typeof contended): Contestant[] {
  return [
    inRun((n) => use(new Semaphore(permits), releaseGuard, n)),
    contestant('hand-written minimum', (n) => {
      const s = new minimum.Semaphore(permits);
      return use(s, () => s.release(), n);
    }),
    contestant('async-sema', (n) => {
      const s = new Sema(permits);
      return use(s, () => s.release(), n);
    }),
    contestant('async-mutex', (n) => use(new MutexSemaphore(permits), (held) => (held as [number, () => void])[1](), n)),
    contestant('Effect', (n) => {
      const s = EffectSemaphore.makeUnsafe(permits);
      if (use === uncontended) return Effect.runPromise(times(n, s.withPermits(1)(Effect.void)));
      const task = times(n / TASKS, s.withPermits(1)(Effect.yieldNow));
      return Effect.runPromise(Effect.forEach(numbers(TASKS), () => task, { concurrency: 'unbounded', discard: true }));
    }),
  ];
}

async function pipe(queue: { put(v: number): Promise<void>; get(): Promise<number> }, n: number): Promise<void> {
  const producer = async (): Promise<void> => {
    for (let i = 0; i < n; i++) await queue.put(i);
  };
  const consumer = async (): Promise<void> => {
    for (let i = 0; i < n; i++) await queue.get();
  };
  await Promise.all([producer(), consumer()]);
}

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const double = async (n: number): Promise<number> => n * 2;

export const scenarios: readonly Row[] = [
  {
    key: 'uncontended',
    scenario: { name: 'uncontended acquire + release', units: 200_000, window: 1, shows: 'µs each' },
    contestants: semaphoreRows(1, uncontended),
  },
  {
    key: 'contended',
    scenario: { name: 'contended semaphore, 64 tasks × 4 permits', units: 128_000, window: 1, shows: 'µs each' },
    contestants: semaphoreRows(4, contended),
  },
  {
    key: 'queue',
    scenario: { name: 'queue put + get', units: 100_000, window: 1, shows: 'µs each' },
    contestants: [
      inRun((n) => pipe(new Queue<number>(), n)),
      contestant('hand-written minimum', (n) => pipe(new minimum.Queue<number>(), n)),
      contestant('Effect', (n) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const queue = yield* EffectQueue.unbounded<number>();
            const both = [times(n, EffectQueue.offer(queue, 1)), times(n, EffectQueue.take(queue))];
            yield* Effect.all(both, { concurrency: 2, discard: true });
          }),
        ),
      ),
    ],
  },
  {
    key: 'spawn',
    scenario: { name: 'spawn + join, 10k children', units: 10_000, window: 1, shows: 'µs each' },
    contestants: [
      inRun((n) =>
        withTaskGroup((tg) => {
          for (let i = 0; i < n; i++) tg.spawn(tick);
        }),
      ),
      contestant('hand-written minimum', (n) => Promise.all(numbers(n).map(tick))), // Promise.all
      contestant('Effect', (n) =>
        Effect.runPromise(Effect.forEach(numbers(n), () => Effect.void, { concurrency: 'unbounded', discard: true })),
      ),
      contestant('effection', (n) =>
        Promise.resolve(
          effectionRun(function* () {
            const tasks = [];
            for (let i = 0; i < n; i++) tasks.push(yield* effectionSpawn(function* () {}));
            for (const task of tasks) yield* task;
          }),
        ),
      ),
    ],
  },
  {
    scenario: { name: 'spawn + join, 10k children that wait once', units: 10_000, window: 1, shows: 'µs each' },
    contestants: [
      inRun((n) =>
        withTaskGroup((tg) => {
          for (let i = 0; i < n; i++) tg.spawn(waitOnce);
        }),
      ),
      contestant('hand-written minimum', (n) => Promise.all(numbers(n).map(waitOnce))), // Promise.all
      contestant('Effect', (n) =>
        Effect.runPromise(Effect.forEach(numbers(n), () => Effect.yieldNow, { concurrency: 'unbounded', discard: true })),
      ),
    ],
  },
  {
    key: 'map',
    scenario: { name: 'map(items, { limit: 64 })', units: 50_000, window: 1, shows: 'µs each' },
    contestants: [
      inRun((n) => map(numbers(n), double, { limit: 64 })),
      contestant('hand-written minimum', (n) => minimum.map(numbers(n), double, 64)),
      contestant('p-map', (n) => pMap(numbers(n), double, { concurrency: 64 })),
      contestant('p-limit', (n) => {
        const limit = pLimit(64);
        return Promise.all(numbers(n).map((k) => limit(double, k)));
      }),
      contestant('p-queue', (n) => new PQueue({ concurrency: 64 }).addAll(numbers(n).map((k) => () => double(k)))),
      contestant('Effect', (n) =>
        Effect.runPromise(Effect.forEach(numbers(n), (k) => Effect.promise(() => double(k)), { concurrency: 64 })),
      ),
    ],
  },
  {
    key: 'cancel',
    scenario: { name: 'cancel 10k sleeping tasks', units: 10_000, window: 1, shows: 'µs each' },
    reference: 'one AbortSignal for all',
    contestants: [cancelSleepers(), cancelShared()],
  },
  {
    key: 'timeout',
    scenario: { name: 'timeout(ms, fn)', units: 50_000, window: 1, shows: 'µs each' },
    contestants: [
      inRun(async (n) => {
        for (let i = 0; i < n; i++) await timeout(1000, tick);
      }),
      contestant('hand-written minimum', async (n) => {
        for (let i = 0; i < n; i++) await minimum.timeout(1000, tick);
      }),
    ],
  },
];

/** Only the cancelling counts: from the cancel until all have ended. */
function cancelSleepers(): Contestant {
  return inRun(async (n) => {
    let started = 0;
    await withTaskGroup(async (tg) => {
      for (let i = 0; i < n; i++) tg.spawn(() => sleep(1e6));
      await sleep(0);
      started = performance.now();
      tg.cancel();
    });
    return performance.now() - started;
  });
}

function cancelShared(): Contestant {
  return contestant('one AbortSignal for all', async (n) => {
    const controller = new AbortController();
    const { signal } = controller;
    setMaxListeners(0, signal);
    const sleeper = (): Promise<void> =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, 1e6);
        const stop = (): void => {
          signal.removeEventListener('abort', stop);
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', stop);
      });
    const all = Promise.all(numbers(n).map(sleeper));
    await new Promise(setImmediate);
    const started = performance.now();
    controller.abort();
    await all;
    return performance.now() - started;
  });
}
