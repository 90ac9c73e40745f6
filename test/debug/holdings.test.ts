import { afterEach, describe, expect, it } from 'vitest';
import { gather } from '../../src/core/gather.ts';
import { here } from '../../src/core/scope.ts';
import { forgetHoldings, heldBy, holdersOf, nothingIsHeld } from '../../src/debug/holdings.ts';
import { placeOf } from '../../src/debug/stack.ts';
import { CapacityLimiter } from '../../src/sync/capacity-limiter.ts';
import { Condition } from '../../src/sync/condition.ts';
import { Lock } from '../../src/sync/lock.ts';
import { Semaphore } from '../../src/sync/semaphore.ts';
import { debugged } from '../support/debugged.ts';
import { virtually } from '../support/virtual.ts';

afterEach(forgetHoldings);
const held = (): string[] => heldBy(here().strand).map(({ what }) => what);

describe('holdings', () => {
  it('are what a strand has taken and not given back, with the line where', () =>
    debugged(async () => {
      const lock = new Lock();
      const guards = [await lock.acquire(), await new Semaphore(2).acquire(), await new CapacityLimiter(1).acquire()];
      expect(held()).toEqual(['Lock', 'Semaphore', 'CapacityLimiter']);
      expect(placeOf(holdersOf(lock)[0]!.site)).toMatch(/holdings\.test\.ts:\d+:\d+$/);
      for (const guard of guards) guard.release();
      expect([held(), nothingIsHeld()]).toEqual([[], true]);
    }));

  it('follow whoever gets it next', () =>
    debugged(async () => {
      const lock = new Lock();
      const log: string[][] = [];
      await gather(
        [1, 2, 3].map(
          () => () =>
            lock.run(
              async () =>
                void log.push(
                  held(),
                  holdersOf(lock).map(({ what }) => what),
                ),
            ),
        ),
      );
      expect(log).toEqual(Array.from({ length: 6 }, () => ['Lock']));
      expect(nothingIsHeld()).toBe(true);
    }));

  it('include what was taken without waiting, and what a condition takes again', () =>
    debugged(async () => {
      expect(new Lock().tryAcquire() && new Semaphore(1).tryAcquire() && new CapacityLimiter(1).tryAcquire() && held()).toHaveLength(3);
      forgetHoldings();
      const condition = new Condition();
      await gather([
        async () => {
          await condition.acquire();
          await condition.wait();
          expect(held()).toEqual(['Lock']);
          condition.release();
        },
        async () => {
          await condition.acquire();
          condition.notify();
          condition.release();
        },
      ]);
      expect(nothingIsHeld()).toBe(true);
    }));

  it('of a lane that has ended are its task’s', () =>
    debugged(async () => {
      await gather([() => new Lock().acquire()]);
      expect(held()).toEqual(['Lock']);
    }));

  it('of a borrower that is no task are known, but nobody’s', () =>
    debugged(async () => {
      const limiter = new CapacityLimiter(1);
      await limiter.acquireFor('a name');
      expect([held(), holdersOf(limiter).map(({ holder }) => holder)]).toEqual([[], ['a name']]);
      limiter.releaseFor('a name');
      expect(nothingIsHeld()).toBe(true);
    }));

  it('of a semaphore that others release are no longer noted: it is a signal', () =>
    debugged(async () => {
      const semaphore = new Semaphore(1);
      await semaphore.acquire();
      await gather([async () => semaphore.release()]);
      await semaphore.acquire();
      expect(nothingIsHeld()).toBe(true);
    }));

  it('are not noted without debug mode, and are forgotten with it', async () => {
    await debugged(() => new Lock().acquire());
    expect(nothingIsHeld()).toBe(true);
    await virtually(() => new Lock().acquire(), { instruments: [{}] });
    expect(nothingIsHeld()).toBe(true);
  });
});
