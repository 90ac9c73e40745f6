import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError, InvalidStateError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { gather } from '../../src/core/gather.ts';
import { map } from '../../src/core/map.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { CapacityLimiter } from '../../src/sync/capacity-limiter.ts';
import type { Guard } from '../../src/sync/guard.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

const empty = { borrowed: 0, borrowers: [], waiting: 0 };

describe('a limiter', () => {
  it('counts what is borrowed; borrowing twice and giving back what one has not are refused (CL-01)', () =>
    virtually(async ({ task }) => {
      task.name = 'main';
      const limiter = new CapacityLimiter(3);
      const guard = await limiter.acquire();
      expectTypeOf(guard).toEqualTypeOf<Guard>();
      expect([limiter.borrowed, limiter.available, limiter.total]).toEqual([1, 2, 3]);
      const twice = 'InvalidStateError OFFLOOP_INVALID_STATE: Task "main" holds a token of the limiter already';
      expect([await refusal(() => limiter.acquire()), await refusal(() => limiter.tryAcquire())]).toEqual([twice, twice]);
      await limiter.acquireFor('value');
      expect(await refusal(() => limiter.acquireFor('value'))).toBe(
        'InvalidStateError OFFLOOP_INVALID_STATE: This borrower holds a token of the limiter already',
      );
      expect(limiter.statistics()).toEqual({ total: 3, borrowed: 2, borrowers: [task, 'value'], waiting: 0 });
      limiter.releaseFor('value');
      expect(await refusal(() => limiter.releaseFor('value'))).toBe(
        'InvalidStateError OFFLOOP_INVALID_STATE: This borrower holds no token of the limiter',
      );
      guard.release();
      guard[Symbol.dispose]();
      expect(await refusal(() => limiter.release())).toBe(
        'InvalidStateError OFFLOOP_INVALID_STATE: Task "main" holds no token of the limiter',
      );
      expect(limiter.statistics()).toEqual({ total: 3, ...empty });
    }));

  it('another task cannot give a token back by release(), but with the guard it can', () =>
    virtually(async () => {
      const limiter = new CapacityLimiter(1);
      const guard = await limiter.acquire();
      await background(async () => {
        expect(await failure(() => limiter.release())).toBeInstanceOf(InvalidStateError);
        expect(limiter.tryAcquire()).toBeNull();
        guard.release();
      });
      expect(limiter.borrowed).toBe(0);
    }));

  it('of total 0 blocks everyone; raising it lets them in (CL-03)', () =>
    virtually(async () => {
      const limiter = new CapacityLimiter(0);
      const log: number[] = [];
      const tasks = [1, 2, 3].map((n) => background(() => limiter.run(() => (log.push(n), sleep(10)))));
      await waitAllTasksBlocked();
      expect([limiter.waiting, limiter.available, limiter.tryAcquire()]).toEqual([3, 0, null]);
      limiter.total = 2;
      expect([limiter.waiting, limiter.borrowed]).toEqual([1, 2]);
      await Promise.all(tasks);
      expect([log, limiter.statistics()]).toEqual([[1, 2, 3], { total: 2, ...empty }]);
    }));

  it('lowered below what is borrowed takes nothing away, and lets nobody in until enough came back', () =>
    virtually(async () => {
      const limiter = new CapacityLimiter(3);
      const guards = await Promise.all(['a', 'b', 'c'].map((b) => limiter.acquireFor(b)));
      limiter.total = 1;
      expect([limiter.borrowed, limiter.available]).toEqual([3, 0]);
      const waiter = background(() => limiter.acquire());
      await waitAllTasksBlocked();
      guards[0]?.release();
      guards[1]?.release();
      expect([limiter.waiting, limiter.borrowed]).toEqual([1, 1]);
      guards[2]?.release();
      (await waiter).release();
      limiter.total = Infinity;
      expect(limiter.available).toBe(Infinity);
    }));

  it('forgets whoever was cancelled or timed out while waiting (CL-05)', () =>
    virtually(async () => {
      const limiter = new CapacityLimiter(1);
      const guard = await limiter.acquireFor('holder');
      const waiter = background(() => limiter.acquire());
      expect(await moveOnAfter(10, () => limiter.acquireFor('late'))).toBeUndefined();
      waiter.cancel();
      expect(await failure(waiter)).toBeInstanceOf(CancelledError);
      expect(limiter.statistics()).toEqual({ total: 1, borrowed: 1, borrowers: ['holder'], waiting: 0 });
      guard.release();
      await limiter.acquireFor('late');
      limiter.releaseFor('late');
      expect(limiter.statistics()).toEqual({ total: 1, ...empty });
    }));

  it('serves first come, first served (CL-07)', () =>
    virtually(async () => {
      const limiter = new CapacityLimiter(1);
      const log: number[] = [];
      const tasks = [0, 1, 2, 3, 4].map((n) => background(() => limiter.run(() => (log.push(n), sleep(1)))));
      await Promise.all(tasks);
      expect(log).toEqual([0, 1, 2, 3, 4]);
    }));

  it('a waiter cancelled after its token was handed over has it; it is not lost', () =>
    virtually(async () => {
      const limiter = new CapacityLimiter(1);
      const guard = await limiter.acquireFor('holder');
      const log: string[] = [];
      const waiter = background(() => limiter.run(() => (log.push('has it'), checkpoint())));
      const third = background(() => limiter.run(() => void log.push('third')));
      await waitAllTasksBlocked();
      guard.release();
      waiter.cancel();
      await third;
      expect([log, waiter.state, limiter.borrowed]).toEqual([['has it', 'third'], 'cancelled', 0]);
    }));

  it('raised in the tick in which the first in line is cancelled lets the second in', () =>
    virtually(async () => {
      const limiter = new CapacityLimiter(0);
      const [first, second] = [background(() => limiter.acquireFor(1)), background(() => limiter.acquireFor(2))];
      await waitAllTasksBlocked();
      first.cancel();
      limiter.total = 1;
      await second;
      expect([first.state, limiter.statistics().borrowers]).toEqual(['cancelled', [2]]);
    }));

  it('in a cancelled scope is not acquired, though it is free', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        const limiter = new CapacityLimiter(1);
        s.cancel();
        expect(await failure(() => limiter.acquire())).toBeInstanceOf(CancelledError);
        expect(await failure(() => limiter.acquireFor(1))).toBeInstanceOf(CancelledError);
        expect(limiter.borrowed).toBe(0);
      }),
    ));

  it('a borrower that asks twice while it waits is refused when it has got one', () =>
    virtually(async () => {
      const limiter = new CapacityLimiter(0);
      const [first, second] = [background(() => limiter.acquireFor('x')), background(() => limiter.acquireFor('x'))];
      await waitAllTasksBlocked();
      limiter.total = 2;
      expect(await failure(second)).toBeInstanceOf(InvalidStateError);
      expect(limiter.statistics()).toEqual({ total: 2, borrowed: 1, borrowers: ['x'], waiting: 0 });
      (await first).release();
      expect(limiter.borrowed).toBe(0);
    }));

  it('a guard that is out of date does not give back what its borrower borrowed since', () =>
    virtually(async () => {
      const limiter = new CapacityLimiter(1);
      const old = await limiter.acquire();
      limiter.release();
      const guard = await limiter.acquire();
      old.release();
      expect(limiter.borrowed).toBe(1);
      guard.release();
    }));

  it('the branches of a gather or map are borrowers of their own', () =>
    virtually(async () => {
      const limiter = new CapacityLimiter(2);
      let inside = 0;
      const branch = (): Promise<void> =>
        limiter.run(async () => {
          expect(++inside).toBeLessThanOrEqual(2);
          await sleep(1);
          inside--;
        });
      await gather([branch, branch, branch, branch]);
      await map([1, 2, 3, 4], branch);
      expect(limiter.statistics()).toEqual({ total: 2, ...empty });
    }));

  it('shows tasks as its borrowers, a branch as its task, code outside of tasks as just that', async () => {
    const limiter = new CapacityLimiter(4);
    const outside = [await limiter.acquire(), await limiter.acquire()];
    await virtually(async ({ task }) => {
      await gather([() => limiter.run(() => expect(limiter.statistics().borrowers.at(-1)).toBe(task))]);
    });
    expect(limiter.statistics()).toMatchObject({ borrowed: 2, borrowers: ['code outside of tasks', 'code outside of tasks'] });
    expect(Object.isFrozen(limiter.statistics())).toBe(true);
    expect(String(limiter)).toBe('<CapacityLimiter 2 of 4 borrowed, 0 waiting>');
    expect(await refusal(() => limiter.release())).toBe(
      'InvalidStateError OFFLOOP_INVALID_STATE: Code outside of tasks holds no token of the limiter',
    );
    for (const guard of outside) guard.release();
  });

  it('a tight loop of uncontended acquires does not starve the loop', () =>
    virtually(async () => {
      const limiter = new CapacityLimiter(1);
      const loop = { turned: false };
      setImmediate(() => (loop.turned = true));
      for (let i = 0; i < 100_000 && !loop.turned; i++) (await limiter.acquire()).release();
      expect(loop.turned).toBe(true);
    }));

  it('run holds a token while the function runs, and gives it back when that throws', () =>
    virtually(async () => {
      const limiter = new CapacityLimiter(1);
      expect(await limiter.run(() => limiter.borrowed)).toBe(1);
      expect(await failure(() => limiter.run(() => Promise.reject(new Error('boom'))))).toMatchObject({ message: 'boom' });
      expect(await refusal(() => limiter.run(5 as never))).toBe(
        'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 5 (number)',
      );
      expect(limiter.borrowed).toBe(0);
    }));
});

describe('a bad total', () => {
  const text = 'Expected total to be a whole number from 0 up, or Infinity, got';
  const bad: [unknown, string][] = [
    [-1, `RangeError OFFLOOP_OUT_OF_RANGE: ${text} -1 (number)`],
    [1.5, `RangeError OFFLOOP_OUT_OF_RANGE: ${text} 1.5 (number)`],
    [NaN, `RangeError OFFLOOP_OUT_OF_RANGE: ${text} NaN (number)`],
    ['1', `TypeError OFFLOOP_INVALID_ARGUMENT: ${text} '1' (string)`],
    [undefined, `TypeError OFFLOOP_INVALID_ARGUMENT: ${text} undefined`],
  ];
  it.each(bad)('of %j is refused, also when set later (CL-09)', async (total, message) => {
    expect(await refusal(() => new CapacityLimiter(total as number))).toBe(message);
    const limiter = new CapacityLimiter(1);
    expect(await refusal(() => (limiter.total = total as number))).toBe(message);
    expect(limiter.total).toBe(1);
  });
});

it('whoever borrows, is cancelled or times out, while the total changes: never above it, in order, and all comes back', async () => {
  const borrower = fc.record({
    begin: fc.nat({ max: 15 }),
    limit: fc.option(fc.nat({ max: 25 })),
    work: fc.nat({ max: 8 }),
    cancelAt: fc.option(fc.nat({ max: 30 })),
    named: fc.boolean(),
  });
  const change = fc.record({ at: fc.nat({ max: 25 }), total: fc.nat({ max: 4 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(borrower, { maxLength: 15 }), fc.array(change, { maxLength: 5 }), (borrowers, changes) =>
      virtually(async () => {
        const limiter = new CapacityLimiter(2);
        let high = 2; // the total, or what was borrowed when it was lowered
        let ticket = 0;
        let lastServed = -1;
        await withTaskGroup((tg) => {
          borrowers.forEach((b, n) => {
            const task = tg.spawn(async () => {
              await sleep(b.begin);
              await moveOnAfter(b.limit, async () => {
                const mine = ticket++;
                const guard = await (b.named ? limiter.acquireFor(n) : limiter.acquire());
                expect(mine).toBeGreaterThan(lastServed);
                lastServed = mine;
                expect(limiter.borrowed).toBeLessThanOrEqual(high);
                try {
                  await sleep(b.work);
                } finally {
                  guard.release();
                }
              });
            });
            const { cancelAt } = b;
            if (cancelAt !== null) tg.spawn(() => sleep(cancelAt).then(() => void task.cancel()));
          });
          for (const { at, total } of changes) {
            tg.spawn(async () => {
              await sleep(at);
              high = Math.max(limiter.borrowed, total);
              limiter.total = total;
              expect(limiter.borrowed).toBeLessThanOrEqual(high);
              expect(limiter.waiting > 0 && limiter.available > 0).toBe(false);
            });
          }
          tg.spawn(() =>
            sleep(200).then(() => {
              high = Math.max(limiter.borrowed, 1);
              limiter.total = 1;
            }),
          );
        });
        expect(limiter.statistics()).toEqual({ total: 1, ...empty });
      }),
    ),
    { numRuns: 150 },
  );
}); // prettier-ignore
