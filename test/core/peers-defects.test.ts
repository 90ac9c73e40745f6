/** Defects that are known of other libraries, each reproduced there: none of them may exist here. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { InvalidStateError, TaskGroupError, TimeoutError } from '../../src/base/errors.ts';
import { asCompleted } from '../../src/core/as-completed.ts';
import { background } from '../../src/core/background.ts';
import { callSoon } from '../../src/core/callbacks.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { gather } from '../../src/core/gather.ts';
import { map } from '../../src/core/map.ts';
import { race } from '../../src/core/race.ts';
import { now, sleep, sleepForever, sleepUntil } from '../../src/core/sleep.ts';
import { staggeredRace } from '../../src/core/staggered-race.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, timeout } from '../../src/core/timeout.ts';
import { waitFor } from '../../src/core/wait-for.ts';
import { BoundedSemaphore } from '../../src/sync/bounded-semaphore.ts';
import { CapacityLimiter } from '../../src/sync/capacity-limiter.ts';
import { channel } from '../../src/sync/channel.ts';
import type { Guard } from '../../src/sync/guard.ts';
import { Lock } from '../../src/sync/lock.ts';
import { Queue } from '../../src/sync/queue.ts';
import { Semaphore } from '../../src/sync/semaphore.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, virtually } from '../support/virtual.ts';

interface Exclusive {
  acquire(): Promise<Guard>;
  tryAcquire(): Guard | null;
  statistics(): { waiting: number };
}
const exclusives: [string, () => Exclusive][] = [
  ['Lock', () => new Lock()],
  ['Semaphore(1)', () => new Semaphore(1)],
  ['CapacityLimiter(1)', () => new CapacityLimiter(1)],
];

describe.each(exclusives)('a time limit on %s.acquire()', (_name, make) => {
  // The release comes before, in the very millisecond of, or after the expiry; armed before or after it.
  const orders = [9, 10, 11].flatMap((at) => [true, false].map((first) => [at, first] as const));

  it.each(orders)('loses no permit when the release comes at %i ms and the limit is 10 (holder first: %s)', (at, holderFirst) =>
    virtually(async () => {
      const resource = make();
      const holder = async (): Promise<void> => {
        const guard = await resource.acquire();
        await sleep(at);
        guard.release();
      };
      const waiter = (): Promise<boolean> =>
        timeout(10, async () => {
          (await resource.acquire()).release();
          return true;
        }).catch((error: unknown) => {
          expect(error).toBeInstanceOf(TimeoutError);
          return false;
        });
      const started = background(holder, { eager: true });
      const outcomes = holderFirst ? [started, background(waiter)] : [background(waiter, { eager: true }), started];
      for (const task of outcomes) await task;
      expect(resource.statistics().waiting).toBe(0);
      const again = resource.tryAcquire();
      expect(again).not.toBeNull();
      again?.release();
    }),
  );

  it('leaves no one in the line, and the next in line is served', () =>
    virtually(async () => {
      const resource = make();
      const guard = await resource.acquire();
      const served = background(() => sleep(5).then(() => resource.acquire()));
      await expect(background(() => timeout(10, () => resource.acquire()))).rejects.toThrow(TimeoutError);
      expect(resource.statistics().waiting).toBe(1); // `served`, which came later
      guard.release();
      expect(resource.statistics().waiting).toBe(0);
      (await served).release();
    }));
});

it('a get, put, send or receive that timed out leaves the line, and takes or leaves no item', () =>
  virtually(async () => {
    const [full, empty] = [new Queue<number>(1), new Queue<number>()];
    const [send, receive] = channel<number>();
    full.putNowait(1);
    const waits: (() => Promise<unknown>)[] = [() => full.put(2), () => empty.get(), () => send.send(3)];
    for (const wait of waits) await expect(timeout(10, wait)).rejects.toThrow(TimeoutError);
    await expect(timeout(10, () => receive.receive())).rejects.toThrow(TimeoutError);
    expect([full.statistics(), empty.statistics(), send.statistics()]).toMatchObject([
      { size: 1, waitingPut: 0 },
      { size: 0, waitingGet: 0 },
      { waitingSend: 0, waitingReceive: 0 },
    ]);
    empty.putNowait(4);
    expect([full.getNowait(), empty.getNowait(), full.empty]).toEqual([1, 4, true]);
  }));

describe('an item that was accepted', () => {
  it('is delivered after a shutdown of the queue, and never refused', () =>
    virtually(async () => {
      const queue = new Queue<number>(2);
      const refused = background(() => sleep(1).then(() => queue.put(3)));
      await queue.put(1);
      await queue.put(2);
      await sleep(2);
      queue.shutdown();
      await expect(refused).rejects.toThrow('shut down'); // it waited: it was not accepted
      expect([await queue.get(), await queue.get()]).toEqual([1, 2]);
    }));

  it('is delivered when its consumer is cancelled in the turn in which it came', () =>
    virtually(async () => {
      const queue = new Queue<number>();
      const got: number[] = [];
      const consumer = background(async () => got.push(await queue.get()));
      await waitAllTasksBlocked();
      await queue.put(1);
      consumer.cancel();
      await consumer.wait();
      expect([got, queue.size]).toEqual([[1], 0]);
    }));

  it('stays in the channel when the sender is closed', () =>
    virtually(async () => {
      const [send, receive] = channel<number>(1);
      await send.send(1);
      send.close();
      expect(await receive.receive()).toBe(1);
    }));
});

describe('releasing more often than acquiring', () => {
  it('does not raise the capacity: a guard releases once', () =>
    virtually(async () => {
      for (const resource of [new Semaphore(1), new BoundedSemaphore(1), new Lock(), new CapacityLimiter(1)]) {
        const guard = await resource.acquire();
        for (let i = 0; i < 3; i++) guard.release();
        const only = resource.tryAcquire();
        guard.release(); // out of date: it gives back nothing that somebody else holds
        const second = await background(() => resource.tryAcquire()); // limiter and lock ask who it is
        expect([only === null, second]).toEqual([false, null]);
        only?.release();
      }
    }));

  it('is an error that names the mistake, and changes nothing', () =>
    virtually(async () => {
      const [bounded, capped] = [new BoundedSemaphore(1), new Semaphore(1, { max: 1 })];
      for (const semaphore of [bounded, capped]) {
        expect(() => semaphore.release()).toThrow(InvalidStateError);
        expect(semaphore.value).toBe(1);
      }
      expect(() => new Lock().release()).toThrow(InvalidStateError);
      expect(() => new CapacityLimiter(1).release()).toThrow(InvalidStateError);
    }));
});

describe('after the first failure nothing goes on', () => {
  /** Fails at 10 ms beside a worker that would go on for ever. */
  function siblings(): { fails: () => Promise<never>; works: () => Promise<void>; steps: () => number } {
    let steps = 0;
    return {
      fails: () => sleep(10).then(() => Promise.reject(new Error('first'))),
      works: async () => {
        for (;;) {
          await sleep(1);
          steps++;
        }
      },
      steps: () => steps,
    };
  }

  it.each<[string, (s: ReturnType<typeof siblings>) => Promise<unknown>]>([
    ['gather', ({ fails, works }) => gather([fails, works])],
    ['map', ({ fails, works }) => map([fails, works], (fn) => fn())],
    ['race', ({ fails, works }) => race([fails, works])],
    ['withTaskGroup', ({ fails, works }) => withTaskGroup((tg) => void [tg.spawn(fails), tg.spawn(works)])],
    ['asCompleted in a group', ({ fails, works }) => withTaskGroup(async () => {
      for await (const { task } of asCompleted([fails, works])) await task;
    })], // prettier-ignore
  ])('in %s', (_name, start) =>
    virtually(async () => {
      const work = siblings();
      const error = await failure(() => start(work));
      const [first] = error instanceof TaskGroupError ? error.leaves() : [error];
      expect(first).toEqual(new Error('first'));
      const steps = work.steps();
      await sleep(100);
      expect([work.steps(), now()]).toEqual([steps, 110]);
    }),
  );

  it('items of map that have not begun never begin', () =>
    virtually(async () => {
      const begun: number[] = [];
      const work = async (n: number): Promise<void> => {
        begun.push(n);
        await sleep(1);
        if (n === 2) throw new Error('second');
      };
      await expect(map([1, 2, 3, 4, 5], work, { limit: 1 })).rejects.toThrow('second');
      expect(begun).toEqual([1, 2]);
    }));
});

it('sleep ends at once when it is cancelled, and does not begin in a cancelled scope', () =>
  virtually(async () => {
    for (const nap of [() => sleep(1_000), () => sleepUntil(1_000), () => sleepForever(), () => sleep(0)]) {
      const task = background(nap);
      await waitAllTasksBlocked();
      task.cancel();
      await task.wait();
      await new CancelScope().run(async (scope) => {
        scope.cancel();
        await nap();
      });
    }
    expect(now()).toBe(0);
  }));

describe('no call runs in the AsyncLocalStorage context of another', () => {
  const storage = new AsyncLocalStorage<string>();
  /** Notes what it sees, then enters something for itself. */
  function prying(): { pry: () => Promise<void>; prySync: () => void; seen: Set<unknown> } {
    const seen = new Set<unknown>();
    const prySync = (): void => {
      seen.add(storage.getStore());
      storage.enterWith('another call');
    };
    const pry = async (): Promise<void> => {
      prySync();
      await checkpoint();
      expect(storage.getStore()).toBe('another call');
    };
    return { pry, prySync, seen };
  }

  async function* three(): AsyncGenerator<number> {
    for (let n = 0; n < 3; n++) yield n;
  }

  it.each<[string, (p: ReturnType<typeof prying>) => Promise<unknown>]>([
    ['gather', ({ pry }) => gather([pry, pry, pry])],
    ['gather with a limit', ({ pry }) => gather([pry, pry, pry], { limit: 1 })],
    ['map', ({ pry }) => map([1, 2, 3, 4], pry, { limit: 2 })],
    ['map with a synchronous function', ({ prySync }) => map([1, 2, 3], prySync, { limit: 1 })],
    ['map over an async iterable', ({ pry }) => map(three(), pry, { limit: 1 })],
    ['a group', ({ pry }) => withTaskGroup((tg) => void [tg.spawn(pry), tg.spawn(pry, { eager: true }), tg.spawn(pry)])],
    ['a group with a limit', ({ pry }) => withTaskGroup((tg) => void [tg.spawn(pry), tg.spawn(pry)], { limit: 1 })],
    ['race', ({ pry }) => race([pry, pry])],
    ['staggeredRace', ({ pry }) => staggeredRace([pry, pry], 0)],
    ['waitFor', ({ pry }) => waitFor(pry, 10).then(() => waitFor(pry, 10))],
    ['background', ({ pry }) => gather([background(pry), background(pry)])],
    ['callSoon', async ({ prySync }) => {
      callSoon(prySync);
      callSoon(prySync);
      await sleep(1);
    }], // prettier-ignore
  ])('in %s', (_name, start) =>
    virtually(() =>
      storage.run('caller', async () => {
        const work = prying();
        await start(work);
        expect([[...work.seen], storage.getStore()]).toEqual([['caller'], 'caller']);
      }),
    ),
  );

  it('whoever waited goes on in its own, not in that of whoever let it go on', () =>
    virtually(async () => {
      const [lock, queue] = [new Lock(), new Queue<number>(1)];
      const seen: unknown[] = [];
      const work = async (): Promise<void> => {
        await lock.run(() => sleep(1));
        seen.push(storage.getStore());
        await queue.put(1);
        seen.push(storage.getStore());
        await queue.get();
        seen.push(storage.getStore());
      };
      await gather(['a', 'b', 'c'].map((name) => () => storage.run(name, work)));
      expect(
        seen
          .map(String)
          .toSorted((x, y) => x.localeCompare(y))
          .join(''),
      ).toBe('aaabbbccc');
    }));
});

it('a permit that comes too late for a limit of zero is not lost', () =>
  virtually(async () => {
    const semaphore = new Semaphore(1);
    expect(await moveOnAfter(0, () => semaphore.acquire())).toBeUndefined();
    expect(semaphore.value).toBe(1);
  }));
