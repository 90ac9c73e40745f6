import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { BrokenResourceError, CancelledError, InvalidStateError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { gather } from '../../src/core/gather.ts';
import { map } from '../../src/core/map.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import type { Guard } from '../../src/sync/guard.ts';
import { Lock } from '../../src/sync/lock.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

describe('a lock', () => {
  it('serves three waiters in order of arrival, one per release (LK-01)', () =>
    virtually(async ({ task }) => {
      task.name = 'main';
      const lock = new Lock();
      const log: string[] = [];
      const guard = await lock.acquire();
      expectTypeOf(guard).toEqualTypeOf<Guard>();
      const waiters = ['a', 'b', 'c'].map((name) =>
        background(async () => {
          await lock.acquire();
          log.push(name);
          await sleep(10);
          lock.release();
        }),
      );
      await waitAllTasksBlocked();
      expect([log, lock.waiting]).toEqual([[], 3]);
      guard.release();
      await waitAllTasksBlocked();
      expect([log, lock.waiting]).toEqual([['a'], 2]);
      await Promise.all(waiters);
      expect([log, lock.locked, lock.waiting]).toEqual([['a', 'b', 'c'], false, 0]);
    }));

  it('released in the tick in which a waiter is cancelled goes to the next one (LK-03)', () =>
    virtually(async () => {
      const lock = new Lock();
      const guard = await lock.acquire();
      const [first, second] = [background(() => lock.acquire()), background(() => lock.run(() => 'got it'))];
      await waitAllTasksBlocked();
      first.cancel();
      guard.release();
      expect(await second).toBe('got it');
      expect([first.state, lock.locked]).toEqual(['cancelled', false]);
    }));

  it('a waiter cancelled after it was handed the lock owns it; when its cleanup releases, the third goes on (LK-05)', () =>
    virtually(async () => {
      const lock = new Lock();
      const log: string[] = [];
      const guard = await lock.acquire();
      const second = background(() =>
        lock.run(async () => {
          log.push('second has it');
          await checkpoint();
          log.push('never');
        }),
      );
      const third = background(() => lock.run(() => void log.push('third has it')));
      await waitAllTasksBlocked();
      guard.release();
      second.cancel();
      expect(lock.locked).toBe(true);
      await third;
      expect([log, second.state, lock.locked]).toEqual([['second has it', 'third has it'], 'cancelled', false]);
    }));

  it('is released by dispose, also when the block throws; twice is once (LK-07)', () =>
    virtually(async () => {
      const lock = new Lock();
      const guard = await lock.acquire();
      guard[Symbol.dispose]();
      expect(lock.locked).toBe(false);
      const other = await lock.acquire();
      guard[Symbol.dispose]();
      guard.release();
      expect(lock.locked).toBe(true);
      other.release();
      expect(await failure(() => lock.run(() => Promise.reject(new Error('boom'))))).toMatchObject({ message: 'boom' });
      expect(lock.locked).toBe(false);
    }));

  it('is released by its owner only, refused to others without waiting, and says who owns it (LK-09)', () =>
    virtually(async ({ task }) => {
      task.name = 'main';
      const lock = new Lock();
      expect(lock.statistics()).toEqual({ locked: false, owner: undefined, waiting: 0 });
      expect(await refusal(() => lock.release())).toBe(
        'InvalidStateError OFFLOOP_INVALID_STATE: The lock cannot be released here: nobody holds it',
      );
      await lock.acquire();
      const other = background(async () => {
        expect(lock.tryAcquire()).toBeNull();
        expect(await refusal(() => lock.release())).toBe(
          'InvalidStateError OFFLOOP_INVALID_STATE: The lock cannot be released here: task "main" holds it',
        );
        (await lock.acquire()).release();
      });
      await waitAllTasksBlocked();
      expect(lock.statistics()).toEqual({ locked: true, owner: 'main', waiting: 1 });
      expect([String(lock), Object.isFrozen(lock.statistics())]).toEqual(['<Lock locked by task "main", 1 waiting>', true]);
      lock.release();
      await other;
      expect(String(lock)).toBe('<Lock unlocked, 0 waiting>');
    }));

  it('is not re-entrant: its owner asking again is an error, not a deadlock (LK-09)', () =>
    virtually(async ({ task }) => {
      task.name = 'main';
      const lock = new Lock();
      const guard = await lock.acquire();
      const expected = 'InvalidStateError OFFLOOP_INVALID_STATE: task "main" holds the lock already: a Lock is not re-entrant';
      expect(await refusal(() => lock.acquire())).toBe(expected);
      expect(await refusal(() => moveOnAfter(5, () => lock.acquire()))).toBe(expected);
      expect(lock.tryAcquire()).toBeNull();
      guard.release();
      expect(lock.locked).toBe(false);
    }));

  it('in a cancelled scope is not acquired, though it is free', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        const lock = new Lock();
        s.cancel();
        expect(await failure(() => lock.acquire())).toBeInstanceOf(CancelledError);
        expect(lock.locked).toBe(false);
      }),
    ));

  it.each(['before', 'after'])('a waiter cancelled just %s the release: nothing is lost, and it ends unlocked (LK-15)', (when) =>
    virtually(async () => {
      const lock = new Lock();
      const owner = background(() => shield(() => lock.run(() => sleep(10))));
      const waiter = background(() => lock.run(() => checkpoint()));
      await sleep(5);
      if (when === 'before') waiter.cancel();
      await owner;
      if (when === 'after') waiter.cancel();
      await waiter.wait();
      expect([waiter.state, lock.statistics()]).toEqual(['cancelled', { locked: false, owner: undefined, waiting: 0 }]);
    }),
  );

  it('a guard may be handed to another task, which releases it', () =>
    virtually(async () => {
      const lock = new Lock();
      const guard = await lock.acquire();
      await background(() => guard.release());
      expect(lock.locked).toBe(false);
    }));

  it('a guard that is out of date does not release what somebody else holds now', () =>
    virtually(async () => {
      const lock = new Lock();
      const guard = await lock.acquire();
      lock.release();
      const other = background(() => lock.run(() => sleep(10)));
      await waitAllTasksBlocked();
      guard.release();
      expect(lock.locked).toBe(true);
      await other;
    }));

  it('a tight loop of uncontended acquires does not starve the loop', () =>
    virtually(async () => {
      const lock = new Lock();
      const loop = { turned: false };
      setImmediate(() => (loop.turned = true));
      for (let i = 0; i < 100_000 && !loop.turned; i++) (await lock.acquire()).release();
      expect(loop.turned).toBe(true);
    }));

  it('run without a function is refused', async () => {
    const lock = new Lock();
    expect(await refusal(() => lock.run(5 as never))).toBe(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 5 (number)',
    );
    expect(lock.locked).toBe(false);
  });
});

describe('an owner that ends without releasing', () => {
  it('breaks the lock for whoever comes later', () =>
    virtually(async () => {
      const lock = new Lock();
      await background(() => void lock.tryAcquire(), { name: 'careless' });
      expect(await refusal(() => lock.acquire())).toBe(
        'BrokenResourceError OFFLOOP_BROKEN_RESOURCE: The owner of this lock, task "careless", ended without releasing it',
      );
      expect(lock.tryAcquire()).toBeNull();
      expect(await failure(() => lock.release())).toBeInstanceOf(InvalidStateError);
      expect(lock.statistics()).toEqual({ locked: true, owner: 'careless', waiting: 0 });
    }));

  it('breaks it for those already in line too (LK-11)', () =>
    virtually(async () => {
      const lock = new Lock();
      const careless = background(async () => {
        await lock.acquire();
        await sleep(10);
      });
      const waiters = [1, 2].map(() => background(() => lock.acquire()));
      await careless;
      for (const w of waiters) expect(await failure(w)).toBeInstanceOf(BrokenResourceError);
      expect(lock.waiting).toBe(0);
    }));

  it('that was handed the lock while others waited breaks it for them (LK-11)', () =>
    virtually(async () => {
      const lock = new Lock();
      const guard = await lock.acquire();
      background(() => lock.acquire());
      const third = background(() => lock.acquire());
      await waitAllTasksBlocked();
      guard.release();
      expect(await failure(third)).toBeInstanceOf(BrokenResourceError);
    }));

  it('by an error or a cancellation breaks it as well', () =>
    virtually(async () => {
      for (const end of [() => Promise.reject(new Error('boom')), () => sleep(100)]) {
        const lock = new Lock();
        const careless = background(async () => {
          await lock.acquire();
          await end();
        });
        await waitAllTasksBlocked();
        careless.cancel();
        await careless.wait();
        careless.error();
        expect(await failure(() => lock.acquire())).toBeInstanceOf(BrokenResourceError);
      }
    }));

  it('but whose guard somebody still has: releasing that mends the lock', () =>
    virtually(async () => {
      const lock = new Lock();
      const guard = await background(() => lock.acquire());
      expect(await failure(() => lock.acquire())).toBeInstanceOf(BrokenResourceError);
      guard.release();
      expect(await lock.run(() => 'mended')).toBe('mended');
    }));
});

describe('the branches of one task', () => {
  it('of a gather wait for each other: they are not one owner', () =>
    virtually(async () => {
      const lock = new Lock();
      const log: string[] = [];
      const branch = (name: string) => () =>
        lock.run(async () => {
          log.push(`${name} in`);
          await sleep(1);
          log.push(`${name} out`);
        });
      await gather([branch('a'), branch('b')]);
      expect(log).toEqual(['a in', 'a out', 'b in', 'b out']);
    }));

  it.each(['an array', 'an async iterator'])('of a map over %s wait for each other', (source) =>
    virtually(async () => {
      const lock = new Lock();
      let inside = 0;
      const items = async function* (): AsyncGenerator<number> {
        yield* [1, 2, 3, 4];
      };
      await map(source === 'an array' ? [1, 2, 3, 4] : items(), () =>
        lock.run(async () => {
          expect(++inside).toBe(1);
          await moveOnAfter(1, () => sleep(5));
          inside--;
        }),
      );
      expect(lock.locked).toBe(false);
    }),
  );

  it('do not own what their task holds', () =>
    virtually(async () => {
      const lock = new Lock();
      await lock.acquire();
      await gather([
        async () => {
          expect(await failure(() => lock.release())).toBeInstanceOf(InvalidStateError);
          expect(await moveOnAfter(5, () => lock.acquire(), { fallback: 'waits' })).toBe('waits');
        },
      ]);
      lock.release();
    }));

  it('leave what they hold to their task when they end', () =>
    virtually(async () => {
      const [a, b] = [new Lock(), new Lock()];
      const [guard] = await gather([() => a.acquire(), () => b.acquire()]);
      expect(await failure(() => a.acquire())).toBeInstanceOf(InvalidStateError);
      guard.release();
      b.release();
      expect([a.locked, b.locked]).toEqual([false, false]);
    }));

  it('that held it to the end of their task broke it', () =>
    virtually(async () => {
      const lock = new Lock();
      const careless = background(async () => {
        await gather([() => lock.acquire()]);
        await sleep(10);
      });
      await waitAllTasksBlocked();
      const waiter = background(() => lock.acquire());
      await careless;
      expect(await failure(waiter)).toBeInstanceOf(BrokenResourceError);
    }));
});

it('code outside of tasks may be anybody: it waits for itself', async () => {
  const lock = new Lock();
  const guard = await lock.acquire();
  const next = lock.acquire();
  expect(lock.statistics()).toEqual({ locked: true, owner: undefined, waiting: 1 });
  expect(String(lock)).toBe('<Lock locked by code outside of tasks, 1 waiting>');
  guard.release();
  await next;
  lock.release();
  expect(lock.locked).toBe(false);
});

describe('whatever is acquired, released, cancelled and timed out by many tasks', () => {
  const actor = fc.record({
    begin: fc.nat({ max: 15 }),
    rounds: fc.integer({ min: 1, max: 3 }),
    limit: fc.option(fc.nat({ max: 25 })),
    work: fc.nat({ max: 8 }),
    cancelAt: fc.option(fc.nat({ max: 40 })),
    how: fc.constantFrom('run', 'guard', 'release', 'try'),
  });

  it('one at a time holds it, in order of arrival, and it ends free with nobody in line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(actor, { maxLength: 12 }), (actors) =>
        virtually(async () => {
          const lock = new Lock();
          let inside = 0;
          let ticket = 0;
          let lastServed = -1;
          const work = async (mine: number, ms: number): Promise<void> => {
            expect([++inside, lock.locked]).toEqual([1, true]);
            expect(mine).toBeGreaterThan(lastServed);
            lastServed = mine;
            try {
              await sleep(ms);
            } finally {
              inside--;
            }
          };
          await withTaskGroup((tg) => {
            for (const a of actors) {
              const once = async (): Promise<void> => {
                const mine = ticket++;
                if (a.how === 'run') return lock.run(() => work(mine, a.work));
                const guard = a.how === 'try' ? lock.tryAcquire() : await lock.acquire();
                if (guard === null) return;
                try {
                  await work(mine, a.work);
                } finally {
                  if (a.how === 'release') lock.release();
                  else guard.release();
                }
              };
              const task = tg.spawn(async () => {
                await sleep(a.begin);
                for (let i = 0; i < a.rounds; i++) await moveOnAfter(a.limit, once);
              });
              const { cancelAt } = a;
              if (cancelAt !== null) tg.spawn(() => sleep(cancelAt).then(() => void task.cancel()));
            }
          });
          expect([inside, lock.statistics()]).toEqual([0, { locked: false, owner: undefined, waiting: 0 }]);
        }),
      ),
      { numRuns: 150 },
    );
  });
});
