/** What everything that lets one in at a time has in common, each written as a lock. */
import { describe, expect, it } from 'vitest';
import { background } from '../../src/core/background.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { BoundedSemaphore } from '../../src/sync/bounded-semaphore.ts';
import { CapacityLimiter } from '../../src/sync/capacity-limiter.ts';
import { channel } from '../../src/sync/channel.ts';
import { Condition } from '../../src/sync/condition.ts';
import type { Guard } from '../../src/sync/guard.ts';
import { Lock } from '../../src/sync/lock.ts';
import { Queue } from '../../src/sync/queue.ts';
import { Semaphore } from '../../src/sync/semaphore.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { virtually } from '../support/virtual.ts';

interface LockLike {
  acquire(): Promise<Guard>;
  tryAcquire(): Guard | null;
  /** How many wait to acquire. */
  waiting(): number;
}

const guard = (release: () => void): Guard => ({ release, [Symbol.dispose]: release });

function attempt(act: () => void, release: () => void): Guard | null {
  try {
    act();
  } catch {
    return null;
  }
  return guard(release);
}

const statistical = (lock: { acquire(): Promise<Guard>; tryAcquire(): Guard | null; statistics(): { waiting: number } }): LockLike => ({
  acquire: () => lock.acquire(),
  tryAcquire: () => lock.tryAcquire(),
  waiting: () => lock.statistics().waiting,
});

/** Whoever has put its item into the one place has the lock. */
function sendingChannel(): LockLike {
  const [send, receive] = channel<void>(1);
  const release = (): void => receive.receiveNowait();
  return {
    acquire: () => send.send().then(() => guard(release)),
    tryAcquire: () => attempt(() => send.sendNowait(), release),
    waiting: () => send.statistics().waitingSend,
  };
}

/** Whoever has received the one token has the lock. */
function receivingChannel(): LockLike {
  const [send, receive] = channel<void>(1);
  send.sendNowait();
  const release = (): void => send.sendNowait();
  return {
    acquire: () => receive.receive().then(() => guard(release)),
    tryAcquire: () => attempt(() => receive.receiveNowait(), release),
    waiting: () => send.statistics().waitingReceive,
  };
}

function tokenQueue(): LockLike {
  const queue = new Queue<void>();
  queue.putNowait();
  const release = (): void => queue.putNowait();
  return {
    acquire: () => queue.get().then(() => guard(release)),
    tryAcquire: () => attempt(() => queue.getNowait(), release),
    waiting: () => queue.statistics().waitingGet,
  };
}

const kinds: [string, () => LockLike][] = [
  ['Lock', () => statistical(new Lock())],
  ['Semaphore(1)', () => statistical(new Semaphore(1))],
  ['BoundedSemaphore(1)', () => statistical(new BoundedSemaphore(1))],
  ['CapacityLimiter(1)', () => statistical(new CapacityLimiter(1))],
  [
    'Condition',
    () => {
      const condition = new Condition();
      return {
        acquire: () => condition.acquire(),
        tryAcquire: () => condition.tryAcquire(),
        waiting: () => condition.statistics().lock.waiting,
      };
    },
  ],
  ['channel, by sending', sendingChannel],
  ['channel, by receiving', receivingChannel],
  ['Queue', tokenQueue],
];

describe.each(kinds)('%s', (_name, make) => {
  it('three loops that take turns keep strict rotation: nobody barges in (LK-13)', () =>
    virtually(async () => {
      const lock = make();
      const record: string[] = [];
      const first = await lock.acquire();
      await withTaskGroup(async (tg) => {
        for (const name of ['a', 'b', 'c']) {
          tg.spawn(async () => {
            for (let i = 0; i < 20; i++) {
              const held = await lock.acquire();
              record.push(name);
              await checkpoint();
              held.release();
            }
          });
        }
        await waitAllTasksBlocked();
        first.release();
      });
      expect(record.join('')).toBe('abc'.repeat(20));
    }));

  it('whoever releases and asks again at once goes to the end of the line (LK-13)', () =>
    virtually(async () => {
      const lock = make();
      const record: string[] = [];
      await withTaskGroup((tg) => {
        for (const name of ['a', 'b']) {
          tg.spawn(async () => {
            for (let i = 0; i < 5; i++) {
              const held = await lock.acquire();
              record.push(name);
              if (i === 0) await sleep(1); // the other one gets in line meanwhile; from here on nobody waits in between
              held.release();
            }
          });
        }
      });
      expect(record.join('')).toBe('ababababab');
    }));

  it('lets one in at a time', () =>
    virtually(async () => {
      const lock = make();
      let inside = 0;
      await withTaskGroup((tg) => {
        for (let i = 0; i < 5; i++) {
          tg.spawn(async () => {
            for (let j = 0; j < 5; j++) {
              const held = await lock.acquire();
              expect(++inside).toBe(1);
              await sleep(i % 3);
              inside--;
              held.release();
              await sleep(j % 2);
            }
          });
        }
      });
      expect([inside, lock.waiting()]).toEqual([0, 0]);
    }));

  it('held by tryAcquire makes an acquire wait, and a second tryAcquire fail (LK-17)', () =>
    virtually(async () => {
      const lock = make();
      const held = lock.tryAcquire();
      const record: string[] = [];
      const taker = background(async () => {
        expect(lock.tryAcquire()).toBeNull();
        record.push('started');
        const mine = await lock.acquire();
        record.push('finished');
        mine.release();
      });
      await waitAllTasksBlocked();
      expect([record, lock.waiting()]).toEqual([['started'], 1]);
      held?.release();
      await taker;
      expect(record).toEqual(['started', 'finished']);
    }));

  it('handed over by a release cannot be taken by tryAcquire before its new holder runs', () =>
    virtually(async () => {
      const lock = make();
      const held = await lock.acquire();
      const next = background(async () => (await lock.acquire()).release());
      await waitAllTasksBlocked();
      held.release();
      await background(() => expect(lock.tryAcquire()).toBeNull(), { eager: true });
      await next;
      expect(lock.tryAcquire()).not.toBeNull();
    }));

  it('an acquire that times out around the tick of the release loses nothing and leaves nobody in line', () =>
    virtually(async () => {
      for (const limit of [4, 5, 6]) {
        const lock = make();
        const holder = background(async () => {
          const held = await lock.acquire();
          await sleep(5);
          held.release();
        });
        const outcomes = await Promise.all(
          [1, 2, 3].map(() =>
            background(() =>
              moveOnAfter(limit, async () => {
                const held = await lock.acquire();
                held.release();
                return 'got in';
              }),
            ),
          ),
        );
        await holder;
        if (limit !== 5) expect(outcomes).toEqual(Array.from({ length: 3 }, () => (limit === 4 ? undefined : 'got in')));
        expect(lock.waiting()).toBe(0);
        const after = lock.tryAcquire();
        expect(after).not.toBeNull();
        after?.release();
      }
    }));
});
