/** The rows of the kernel benchmark: the same work by offloop, by hand, and by the libraries. */
import { Semaphore as MutexSemaphore } from 'async-mutex';
import { Sema } from 'async-sema';
import { Effect, Queue as EffectQueue, Semaphore as EffectSemaphore } from 'effect';
import { Effect as Effect3, Queue as Effect3Queue } from 'effect3';
import { run as effectionRun, spawn as effectionSpawn } from 'effection';
import { map, Queue, Semaphore, timeout, withTaskGroup } from 'offloop';
import pLimit from 'p-limit';
import pMap from 'p-map';
import PQueue from 'p-queue';
import type { Contestant } from '../harness.ts';
import { cancelling } from './cancelling.ts';
import * as minimum from './minimum.ts';
import { contestant, inRun, numbers } from './row.ts';
import type { Row } from './row.ts';

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

/** Effect 3 is what many programs still run on; Effect 4 is a new runtime. */
function times3(n: number, effect: Effect3.Effect<unknown>): Effect3.Effect<void> {
  return Effect3.suspend(() => {
    let i = 0;
    return Effect3.whileLoop({ while: () => i++ < n, body: () => effect, step: () => {} });
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
      contestant('Effect 3', (n) =>
        Effect3.runPromise(
          Effect3.gen(function* () {
            const queue = yield* Effect3Queue.unbounded<number>();
            const both = [times3(n, Effect3Queue.offer(queue, 1)), times3(n, Effect3Queue.take(queue))];
            yield* Effect3.all(both, { concurrency: 2, discard: true });
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
      contestant('Effect 3', (n) =>
        Effect3.runPromise(Effect3.forEach(numbers(n), () => Effect3.void, { concurrency: 'unbounded', discard: true })),
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
      contestant('Effect 3', (n) =>
        Effect3.runPromise(Effect3.forEach(numbers(n), () => Effect3.yieldNow(), { concurrency: 'unbounded', discard: true })),
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
  ...cancelling,
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
