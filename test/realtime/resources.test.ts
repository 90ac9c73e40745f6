/** What the kernel leaves behind: nothing. Counted, not estimated, where that is possible. */
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { background } from '../../src/core/background.ts';
import { callLater } from '../../src/core/callbacks.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { currentSignal } from '../../src/core/current-scope.ts';
import { Deferred } from '../../src/core/deferred.ts';
import { withSignal } from '../../src/core/foreign.ts';
import { gather } from '../../src/core/gather.ts';
import { map } from '../../src/core/map.ts';
import { race } from '../../src/core/race.ts';
import { run } from '../../src/core/run.ts';
import { here } from '../../src/core/scope.ts';
import { allTasks } from '../../src/debug/all-tasks.ts';
import type { Scope } from '../../src/core/scope.ts';
import { sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, shield, timeout } from '../../src/core/timeout.ts';
import { waitFor } from '../../src/core/wait-for.ts';
import { Queue } from '../../src/sync/queue.ts';
import { Semaphore } from '../../src/sync/semaphore.ts';
import { channel } from '../../src/sync/channel.ts';
import { Lock } from '../../src/sync/lock.ts';
import { MockClock } from '../../src/testing/mock-clock.ts';
import { heap } from '../support/heap.ts';

describe('a million timers that are cancelled', () => {
  it('leave no growth, and take a moment', () =>
    run(async () => {
      const round = (n: number): void => {
        for (let i = 0; i < n; i++) callLater(60_000 + i, () => {}).cancel();
      };
      round(10_000);
      const before = await heap();
      const began = performance.now();
      round(1_000_000);
      expect(performance.now() - began).toBeLessThan(3_000);
      expect((await heap()) - before).toBeLessThan(2 ** 20);
    }));

  it('leave no growth beside living ones, in batches that are cancelled together', () =>
    run(async () => {
      const living = callLater(600_000, () => {});
      const round = (n: number): void => {
        const timers = Array.from({ length: 1_000 }, (_, i) => callLater(60_000 + ((i * 7919) % 1_000), () => {}));
        for (const timer of timers) timer.cancel();
        if (n > 1) round(n - 1);
      };
      round(10);
      const before = await heap();
      const began = performance.now();
      round(1_000);
      expect(performance.now() - began).toBeLessThan(3_000);
      expect((await heap()) - before).toBeLessThan(2 ** 20);
      living.cancel();
    }));
});

/** Counts the AbortControllers that are made meanwhile. */
async function controllersMade(work: () => Promise<unknown>): Promise<number> {
  const Original = globalThis.AbortController;
  let made = 0;
  globalThis.AbortController = class extends Original {
    constructor() {
      super();
      made++;
    }
  };
  try {
    await work();
  } finally {
    globalThis.AbortController = Original;
  }
  return made;
}

describe('an AbortSignal', () => {
  it('is not made by anything that nobody reads a signal of', async () => {
    const everything = async (): Promise<void> => {
      await withTaskGroup(async (tg) => {
        for (let i = 0; i < 10; i++) tg.spawn(() => sleepForever());
        await tg.start<number>(async ({ started }) => started(1));
        await moveOnAfter(1, () => sleepForever());
        await timeout(1, () => sleepForever()).catch(() => {});
        await shield(() => checkpoint());
        await waitFor(() => sleep(1), 100);
        await gather([() => checkpoint(), Promise.resolve()]);
        await map([1, 2, 3], () => checkpoint(), { limit: 2 });
        await race([() => checkpoint(), () => sleepForever()]);
        await background(() => checkpoint());
        await new Semaphore(1).run(() => new Lock().run(() => checkpoint()));
        tg.cancel('enough');
      });
    };
    expect(await controllersMade(() => run(everything, { clock: new MockClock({ autojump: true }) }))).toBe(0);
  });

  it('is made once, when it is read, and per call of withSignal', async () => {
    expect(await controllersMade(() => run(({ task }) => void [currentSignal(), currentSignal(), task]))).toBe(1);
    expect(await controllersMade(() => run((ctx) => void [ctx.signal, ctx.signal]))).toBe(1);
    expect(await controllersMade(() => run(() => new CancelScope().run((s) => void [s.signal, s.signal])))).toBe(1);
    expect(await controllersMade(() => run(() => withSignal(() => Promise.resolve())))).toBe(1);
  });
});

describe('five thousand nested scopes', () => {
  /** The body of each level is called on a fresh stack: deep is the tree, not the call. */
  async function nest(depth: number, wrap: Wrap): Promise<void> {
    await Promise.resolve();
    if (depth === 0) await sleepForever();
    else await wrap(() => nest(depth - 1, wrap));
  }
  type Wrap = (body: () => Promise<void>) => Promise<unknown>;

  it.each<[string, Wrap]>([
    ['CancelScope.run', (body) => new CancelScope().run(body)],
    ['timeout', (body) => timeout(60_000, body)],
    ['withTaskGroup', (body) => withTaskGroup(body)],
    ['tg.spawn', (body) => withTaskGroup((tg) => void tg.spawn(body))],
    ['gather', (body) => gather([body])],
    ['map', (body) => map([body], (fn) => fn())],
  ])('of %s are cancelled without a stack overflow (CS-31)', (_name, wrap) =>
    run(async () => {
      const scope = new CancelScope();
      await scope.run(async () => {
        setTimeout(() => scope.cancel(), 50);
        await nest(5_000, wrap);
      });
      expect(scope.cancelledCaught).toBe(true);
    }),
  );
});

/** Repeatable random numbers: mulberry32. */
function random(seed: number): () => number {
  let s = seed;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Virtual time that knows who has a timer. */
class CountingClock implements Clock {
  readonly #clock = new MockClock({ autojump: true });
  readonly pending = new Set<object>();
  armed = 0;

  now(): number {
    return this.#clock.now();
  }

  setTimer(when: number, cb: () => void): Disposable {
    const key = {};
    this.armed++;
    this.pending.add(key);
    const timer = this.#clock.setTimer(when, () => (this.pending.delete(key), cb()));
    return { [Symbol.dispose]: () => (this.pending.delete(key), timer[Symbol.dispose]()) };
  }
}

function members(scope: Scope): number {
  let n = 0;
  for (let m = scope.first; m !== null; m = m.after) n++;
  return n;
}

describe('a hundred thousand tasks with random cancellation', () => {
  it.each([2026])('end with no waiter, no timer and no listener left (seed %i)', async (seed) => {
    const next = random(seed);
    const controller = new AbortController();
    const clock = new CountingClock();
    const semaphore = new Semaphore(50);
    const limited = new Lock();
    const queue = new Queue<number>(100);
    const [send, receive] = channel<number>(10);
    const never = new Deferred<void>();
    const work = async (): Promise<void> => {
      const kind = Math.floor(next() * 9);
      if (kind === 0) await sleep(next() * 10);
      else if (kind === 1) await semaphore.run(() => sleep(next()));
      else if (kind === 2) await queue.put(1);
      else if (kind === 3) await queue.get();
      else if (kind === 4) await moveOnAfter(next() * 5, () => send.send(1));
      else if (kind === 5) await moveOnAfter(next() * 5, () => receive.receive());
      else if (kind === 6) await limited.run(() => checkpoint());
      else if (kind === 7) await timeout(next() * 5, () => never).catch(() => {});
      else await withSignal((signal) => (signal.aborted ? Promise.reject(new Error('late')) : Promise.resolve()));
    };
    await run(
      async () => {
        for (let wave = 0; wave < 20; wave++) {
          await new CancelScope({ timeout: 50, signal: controller.signal }).run(() =>
            withTaskGroup(async (tg) => {
              const tasks = Array.from({ length: 5_000 }, () => tg.spawn(work));
              for (const task of tasks) if (next() < 0.3) task.cancel();
              await sleep(2);
              for (const task of tasks) if (next() < 0.3) task.cancel();
            }),
          );
        }
        expect(semaphore.statistics()).toEqual({ value: 50, waiting: 0 });
        expect(limited.statistics()).toEqual({ locked: false, owner: undefined, waiting: 0 });
        expect(queue.statistics()).toMatchObject({ waitingGet: 0, waitingPut: 0 });
        expect(send.statistics()).toMatchObject({ waitingSend: 0, waitingReceive: 0 });
        expect(never.waiting).toBe(0);
        const { runtime } = here();
        expect([members(here()), allTasks().size, runtime.external]).toEqual([0, 1, 0]);
      },
      { clock, signals: false },
    );
    expect([clock.armed > 10_000, clock.pending.size]).toEqual([true, 0]);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });
});
