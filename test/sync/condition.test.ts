import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { BrokenResourceError, CancelledError, InvalidStateError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { gather } from '../../src/core/gather.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { Condition } from '../../src/sync/condition.ts';
import { Lock } from '../../src/sync/lock.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

/** A task that waits, and says so when it is through with it. */
const waiting = (condition: Condition, log: string[], name: string) =>
  background(() =>
    condition.run(async () => {
      await condition.wait();
      log.push(name);
    }),
  );

describe('wait', () => {
  it('those notified resume one by one, as the lock is released (CO-01)', () =>
    virtually(async () => {
      const condition = new Condition();
      const log: string[] = [];
      const tasks = ['a', 'b', 'c'].map((name) => waiting(condition, log, name));
      await waitAllTasksBlocked();
      expect([condition.waiting, condition.locked]).toEqual([3, false]);
      await condition.acquire();
      condition.notify();
      await waitAllTasksBlocked();
      expect([log, condition.waiting]).toEqual([[], 2]);
      condition.release();
      await waitAllTasksBlocked();
      expect(log).toEqual(['a']);
      await condition.run(() => condition.notify(2));
      await Promise.all(tasks);
      expect([log, condition.statistics()]).toEqual([
        ['a', 'b', 'c'],
        { waiting: 0, lock: { locked: false, owner: undefined, waiting: 0 } },
      ]);
    }));

  it('resolves with true, and the guard from before is good again', () =>
    virtually(async () => {
      const condition = new Condition();
      const waiter = background(async () => {
        const guard = await condition.acquire();
        const value = await condition.wait();
        expectTypeOf(value).toEqualTypeOf<true>();
        expect([value, condition.locked]).toEqual([true, true]);
        guard.release();
        guard.release();
        expect(condition.locked).toBe(false);
      });
      await waitAllTasksBlocked();
      await condition.run(() => condition.notify());
      await waiter;
    }));

  it('a guard released while its holder waits releases nothing of whoever holds the lock then', () =>
    virtually(async () => {
      const condition = new Condition();
      const guard = await condition.acquire();
      const other = background(() =>
        condition.run(async () => {
          guard.release();
          expect(condition.locked).toBe(true);
          condition.notify();
          await sleep(5);
          guard.release();
          expect(condition.locked).toBe(true);
        }),
      );
      await condition.wait();
      await other;
      expect(condition.locked).toBe(true);
      condition.release();
    }));

  it.each(['before', 'after'])('cancelled just %s the notification, the lock contested: the lock is held when it ends (CO-03)', (when) =>
    virtually(async () => {
      const condition = new Condition();
      const log: string[] = [];
      const waiter = background(async () => {
        await condition.acquire();
        try {
          await condition.wait();
          log.push('notified');
          await checkpoint();
        } finally {
          log.push(`locked ${condition.locked}`);
          condition.release(); // throws unless this task holds it
        }
      });
      await waitAllTasksBlocked();
      await condition.acquire();
      if (when === 'before') waiter.cancel();
      condition.notify();
      waiter.cancel();
      await sleep(10);
      expect([log, condition.statistics()]).toMatchObject([[], { lock: { waiting: 1 } }]);
      condition.release();
      await waiter.wait();
      expect(log).toEqual(when === 'before' ? ['locked true'] : ['notified', 'locked true']);
      expect([waiter.state, condition.locked]).toEqual(['cancelled', false]);
    }),
  );

  it('without the lock is refused (CO-05)', () =>
    virtually(async () => {
      const condition = new Condition();
      const text = (what: string): string => `InvalidStateError OFFLOOP_INVALID_STATE: ${what} needs the lock: acquire() it first`;
      expect(await refusal(() => condition.wait())).toBe(text('wait()'));
      expect(await refusal(() => condition.notify())).toBe(text('notify()'));
      expect(await refusal(() => condition.notifyAll())).toBe(text('notify()'));
      const other = background(() => condition.run(() => sleep(10)));
      await waitAllTasksBlocked();
      expect(await refusal(() => condition.wait())).toBe(text('wait()'));
      expect(await failure(() => condition.release())).toBeInstanceOf(InvalidStateError);
      await other;
      expect(condition.statistics()).toMatchObject({ waiting: 0, lock: { locked: false } });
    }));

  it('in another branch of the task that has the lock is refused', () =>
    virtually(async () => {
      const condition = new Condition();
      await condition.acquire();
      expect(await failure(gather([() => condition.wait()]))).toBeInstanceOf(InvalidStateError);
      condition.release();
    }));

  it('in a cancelled scope throws at once, and keeps the lock', () =>
    virtually(async () => {
      const condition = new Condition();
      await condition.acquire();
      await new CancelScope().run(async (s) => {
        s.cancel('why');
        expect(await failure(() => condition.wait())).toMatchObject({ reason: 'why' });
      });
      expect([condition.locked, condition.waiting]).toEqual([true, 0]);
      condition.release();
    }));

  it('cancelled throws the CancelledError that stopped it, once it has the lock again (CO-13)', () =>
    virtually(async () => {
      const condition = new Condition();
      let error: unknown;
      const waiter = background(() => condition.run(() => condition.wait().catch((e: unknown) => ((error = e), checkpoint()))));
      await waitAllTasksBlocked();
      await condition.acquire();
      waiter.cancel('the reason');
      await sleep(10);
      expect(error).toBeUndefined();
      condition.release();
      await waiter.wait();
      expect([error, waiter.error()]).toEqual([expect.any(CancelledError), error]);
      expect(error).toMatchObject({ reason: 'the reason' });
    }));

  it('cancelled while it takes the lock again was notified; the next checkpoint throws (CO-15)', () =>
    virtually(async () => {
      const condition = new Condition();
      const log: unknown[] = [];
      const waiter = background(() =>
        condition.run(async () => {
          log.push(await condition.wait());
          await checkpoint();
          log.push('never');
        }),
      );
      await waitAllTasksBlocked();
      await condition.acquire();
      condition.notify();
      await waitAllTasksBlocked();
      waiter.cancel('late');
      await sleep(10);
      condition.release();
      await waiter.wait();
      expect([log, waiter.error()]).toMatchObject([[true], { reason: 'late' }]);
      expect(condition.locked).toBe(false);
    }));

  it('in a scope that stays cancelled does not spin while it takes the lock again (CO-17)', () =>
    virtually(async () => {
      const condition = new Condition();
      let wakeups = 0;
      const waiter = background(() =>
        condition.run(async () => {
          await condition.wait().finally(() => wakeups++);
        }),
      );
      await waitAllTasksBlocked();
      await condition.acquire();
      waiter.cancel();
      await sleep(100);
      expect([wakeups, condition.statistics().lock.waiting]).toEqual([0, 1]);
      await waitAllTasksBlocked(); // resolves: nobody keeps the loop busy
      condition.release();
      await waiter.wait();
      expect([wakeups, waiter.state, condition.locked]).toEqual([1, 'cancelled', false]);
    }));

  it('that times out leaves nobody to notify, and has the lock', () =>
    virtually(async () => {
      const condition = new Condition();
      await condition.acquire();
      expect(await moveOnAfter(10, () => condition.wait(), { fallback: 'late' })).toBe('late');
      expect([condition.waiting, condition.locked]).toEqual([0, true]);
      condition.notify();
      condition.release();
    }));

  it('when another owner of the lock ended without releasing is told so, instead of waiting for ever', () =>
    virtually(async () => {
      for (const notify of [true, false]) {
        const condition = new Condition();
        const waiter = background(async () => {
          const guard = await condition.acquire();
          try {
            await condition.wait();
          } finally {
            guard.release();
          }
        });
        await waitAllTasksBlocked();
        const careless = background(async () => {
          await condition.acquire();
          if (notify) condition.notify();
        });
        await careless;
        if (!notify) waiter.cancel();
        expect(await failure(waiter)).toBeInstanceOf(BrokenResourceError);
        expect(condition.statistics()).toMatchObject({ waiting: 0, lock: { locked: true, waiting: 0 } });
      }
    }));
});

describe('waitFor', () => {
  it('a predicate that holds gives its value, without the lock; one that does not needs the lock (CO-07)', () =>
    virtually(async () => {
      const condition = new Condition();
      const value = await condition.waitFor(() => 'value');
      expectTypeOf(value).toEqualTypeOf<string>();
      expect(value).toBe('value');
      expect(await failure(() => condition.waitFor(() => false))).toBeInstanceOf(InvalidStateError);
      expect(condition.locked).toBe(false);
    }));

  it('asks again after each notification, under the lock', () =>
    virtually(async () => {
      const condition = new Condition();
      let value = 0;
      let asked = 0;
      const waiter = background(() =>
        condition.run(() =>
          condition.waitFor(() => {
            asked++;
            expect(condition.locked).toBe(true);
            return value >= 3 && `got ${value}`;
          }),
        ),
      );
      for (let i = 1; i <= 3; i++) {
        await waitAllTasksBlocked();
        expect(asked).toBe(i);
        await condition.run(() => {
          value = i;
          condition.notifyAll();
        });
      }
      expect([await waiter, asked]).toEqual(['got 3', 4]);
    }));

  it('passes on what the predicate throws, with the lock held', () =>
    virtually(async () => {
      const condition = new Condition();
      const guard = await condition.acquire();
      expect(await failure(() => condition.waitFor(() => { throw new Error('boom'); }))).toMatchObject({ message: 'boom' }); // prettier-ignore
      expect(condition.locked).toBe(true);
      guard.release();
    }));

  it('cancelled after the notification that makes its predicate true returns the value: the change was seen by somebody', () =>
    virtually(async () => {
      const condition = new Condition();
      let ready = false;
      let got: unknown;
      const waiter = background(() => condition.run(async () => void (got = await condition.waitFor(() => ready && 'ready'))));
      await waitAllTasksBlocked();
      await condition.run(() => {
        ready = true;
        condition.notify();
        waiter.cancel();
      });
      await waiter.wait();
      expect(got).toBe('ready');
    }));

  it('in a cancelled scope does not even ask', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        s.cancel();
        expect(await failure(() => new Condition().waitFor(() => true))).toBeInstanceOf(CancelledError);
      }),
    ));
});

describe('notify', () => {
  it('notifyAll wakes all (CO-09)', () =>
    virtually(async () => {
      const condition = new Condition();
      const log: string[] = [];
      const tasks = ['a', 'b', 'c'].map((name) => waiting(condition, log, name));
      await waitAllTasksBlocked();
      await condition.run(() => condition.notifyAll());
      await Promise.all(tasks);
      expect(log).toEqual(['a', 'b', 'c']);
    }));

  it('wakes one unless told otherwise, none for 0, and is not remembered', () =>
    virtually(async () => {
      const condition = new Condition();
      const log: string[] = [];
      await condition.run(() => condition.notifyAll());
      const tasks = ['a', 'b'].map((name) => waiting(condition, log, name));
      await waitAllTasksBlocked();
      await condition.run(() => condition.notify(0));
      await waitAllTasksBlocked();
      expect(condition.waiting).toBe(2);
      await condition.run(() => condition.notify());
      await waitAllTasksBlocked();
      expect([log, condition.waiting]).toEqual([['a'], 1]);
      await condition.run(() => condition.notify(5));
      await Promise.all(tasks);
    }));

  it('reaches the next one when the first in line was cancelled in the same tick: it is not lost', () =>
    virtually(async () => {
      const condition = new Condition();
      const log: string[] = [];
      const [first, second] = [waiting(condition, log, 'first'), waiting(condition, log, 'second')];
      await waitAllTasksBlocked();
      await condition.run(() => {
        first.cancel();
        condition.notify();
      });
      await second;
      expect([log, first.state]).toEqual([['second'], 'cancelled']);
    }));
});

describe('a condition', () => {
  it('shares its lock: locking either locks both (CO-11)', () =>
    virtually(async ({ task }) => {
      task.name = 'main';
      const lock = new Lock();
      const [a, b] = [new Condition(lock), new Condition(lock)];
      await lock.acquire();
      expect([a.locked, b.locked, b.tryAcquire(), b.statistics().lock.owner]).toEqual([true, true, null, 'main']);
      a.release();
      expect([lock.locked, b.locked]).toEqual([false, false]);
      const guard = b.tryAcquire();
      expect(lock.locked).toBe(true);
      guard?.release();
    }));

  it('of two that share a lock, notifying one wakes nobody of the other', () =>
    virtually(async () => {
      const lock = new Lock();
      const [full, empty] = [new Condition(lock), new Condition(lock)];
      const log: string[] = [];
      const tasks = [waiting(full, log, 'full'), waiting(empty, log, 'empty')];
      await waitAllTasksBlocked();
      await lock.run(() => empty.notifyAll());
      await waitAllTasksBlocked();
      expect([log, full.waiting, empty.waiting]).toEqual([['empty'], 1, 0]);
      await lock.run(() => full.notifyAll());
      await Promise.all(tasks);
    }));

  it('shows its state', () =>
    virtually(async () => {
      const condition = new Condition();
      expect(String(condition)).toBe('<Condition unlocked, 0 waiting>');
      const guard = await condition.acquire();
      expect([String(condition), Object.isFrozen(condition.statistics())]).toEqual(['<Condition locked, 0 waiting>', true]);
      guard.release();
    }));

  const bad: [string, () => unknown, string][] = [
    ['a wrong lock', () => new Condition({} as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected lock to be a Lock, got {} (object)'],
    ['a wrong count', () => new Condition().notify('1' as never), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected n to be a whole number from 0 up, or Infinity, got '1' (string)"],
    ['a negative count', () => new Condition().notify(-1), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected n to be a whole number from 0 up, or Infinity, got -1 (number)'],
    ['a wrong predicate', () => new Condition().waitFor(true as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected predicate to be a function, got true (boolean)'],
    ['an async predicate', () => new Condition().waitFor(async () => false), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected predicate to be a function that answers at once, not with a promise, got [AsyncFunction (anonymous)]'],
    ['run without a function', () => new Condition().run(5 as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 5 (number)'],
  ]; // prettier-ignore
  it.each(bad)('%s is refused', async (_what, call, message) => {
    expect(await refusal(call)).toBe(message);
  });
});

it('whatever waits, is notified, cancelled and timed out: no notification is lost, and each wait ends with the lock', async () => {
  const actor = fc.record({
    begin: fc.nat({ max: 10 }),
    limit: fc.option(fc.nat({ max: 20 })),
    cancelAt: fc.option(fc.nat({ max: 30 })),
    hold: fc.nat({ max: 3 }),
  });
  const notifier = fc.record({ at: fc.nat({ max: 30 }), n: fc.integer({ min: 0, max: 3 }), hold: fc.nat({ max: 3 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(actor, { maxLength: 10 }), fc.array(notifier, { maxLength: 8 }), (actors, notifiers) =>
      virtually(async () => {
        const condition = new Condition();
        let inside = 0;
        let sent = 0;
        let received = 0;
        await withTaskGroup(async (tg) => {
          const tasks = actors.map((a) => {
            const task = tg.spawn(async () => {
              await sleep(a.begin);
              await moveOnAfter(a.limit, () =>
                condition.run(async () => {
                  try {
                    await condition.wait();
                    received++;
                  } finally {
                    expect(++inside).toBe(1);
                    await shield(() => sleep(a.hold));
                    inside--;
                  }
                }),
              );
            });
            const { cancelAt } = a;
            if (cancelAt !== null) tg.spawn(() => sleep(cancelAt).then(() => void task.cancel()));
            return task;
          });
          for (const { at, n, hold } of notifiers) {
            tg.spawn(async () => {
              await sleep(at);
              await condition.run(async () => {
                expect(++inside).toBe(1);
                sent += Math.min(n, condition.waiting);
                condition.notify(n);
                await sleep(hold);
                inside--;
              });
            });
          }
          await sleep(1000);
          expect(received).toBe(sent);
          for (const t of tasks) t.cancel();
        });
        expect(condition.statistics()).toEqual({ waiting: 0, lock: { locked: false, owner: undefined, waiting: 0 } });
      }),
    ),
    { numRuns: 150 },
  );
});
