/** A lock that a call acquires and hands out: `await waitFor(() => lock.acquire(), 100)`, as everybody writes it in asyncio. */
import { describe, expect, it } from 'vitest';
import { BrokenResourceError, InvalidStateError, TimeoutError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { gather } from '../../src/core/gather.ts';
import { race } from '../../src/core/race.ts';
import { sleep, sleepForever } from '../../src/core/sleep.ts';
import { staggeredRace } from '../../src/core/staggered-race.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { waitFor } from '../../src/core/wait-for.ts';
import type { Guard } from '../../src/sync/guard.ts';
import { CapacityLimiter } from '../../src/sync/capacity-limiter.ts';
import { Condition } from '../../src/sync/condition.ts';
import { Lock } from '../../src/sync/lock.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { virtually } from '../support/virtual.ts';

const ways: [string, (lock: Lock) => Promise<Guard | undefined>][] = [
  ['waitFor', (lock) => waitFor(() => lock.acquire(), 100)],
  ['race', (lock) => race([() => lock.acquire(), () => sleepForever()])],
  ['staggeredRace', async (lock) => (await staggeredRace([() => lock.acquire()], null)).winner?.value],
  ['gather', async (lock) => (await gather([() => lock.acquire()]))[0]],
];

describe.each(ways)('a lock that was acquired inside %s', (_name, acquire) => {
  it('belongs to the caller afterwards, who may release it', () =>
    virtually(async () => {
      const lock = new Lock();
      await acquire(lock);
      expect(lock.statistics()).toEqual({ locked: true, owner: 'main', waiting: 0 });
      lock.release();
      expect(lock.locked).toBe(false);
    }));

  it('is waited for by others until the caller releases it, whenever they came', () =>
    virtually(async () => {
      const lock = new Lock();
      const first = await lock.acquire();
      await withTaskGroup(async (tg) => {
        const log: string[] = [];
        const holder = tg.spawn(async () => {
          const guard = await acquire(lock);
          await sleep(10);
          log.push('released');
          guard?.release();
        });
        await waitAllTasksBlocked();
        tg.spawn(() => lock.run(() => log.push('came before it was granted')));
        await waitAllTasksBlocked();
        first.release();
        await waitAllTasksBlocked();
        tg.spawn(() => lock.run(() => log.push('came while it was held')));
        await holder;
        await waitAllTasksBlocked();
        expect(log).toEqual(['released', 'came before it was granted', 'came while it was held']);
      });
    }));

  it('is broken when the caller ends without releasing it', () =>
    virtually(async () => {
      const lock = new Lock();
      const careless = background(async () => {
        await acquire(lock);
        await sleep(10);
      });
      await sleep(5);
      await expect(lock.acquire()).rejects.toThrow(BrokenResourceError);
      await careless;
    }));
});

it('waitFor acts for its caller: a condition is waited for with the lock that the caller holds', () =>
  virtually(async () => {
    const condition = new Condition();
    const guard = await condition.acquire();
    await expect(waitFor(() => condition.wait(), 5)).rejects.toThrow(TimeoutError);
    expect(condition.locked).toBe(true);
    await expect(waitFor(() => condition.acquire(), 5)).rejects.toThrow(InvalidStateError); // not re-entrant, as without waitFor
    guard.release();
  }));

it.each<[string, (limiter: CapacityLimiter) => Promise<unknown>]>([
  ['waitFor', (limiter) => waitFor(() => limiter.acquire(), 5)],
  ['gather', (limiter) => gather([() => limiter.acquire()])],
  ['race', (limiter) => race([() => limiter.acquire()])],
])('a token that was borrowed inside %s may be given back by the caller', (_name, borrow) =>
  virtually(async () => {
    const limiter = new CapacityLimiter(1);
    await borrow(limiter);
    limiter.release();
    expect(limiter.borrowed).toBe(0);
    expect(() => limiter.release()).toThrow(InvalidStateError);
  }),
);
