import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CancelledError, ClosedResourceError, TimeoutError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { run } from '../../src/core/run.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, shield, timeout } from '../../src/core/timeout.ts';
import { allTasks } from '../../src/debug/all-tasks.ts';
import { captureCallGraph } from '../../src/debug/call-graph.ts';
import type { Lease } from '../../src/resilience/lease.ts';
import { ResourcePool } from '../../src/resilience/resource-pool.ts';
import type { ResourcePoolOptions } from '../../src/resilience/pool-options.ts';
import { MockClock } from '../../src/testing/mock-clock.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { messages } from '../support/debugged.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

/** Connections with numbers, and a record of what was done with them. */
function connections(options: Partial<ResourcePoolOptions<number>> = {}, connectTime = 0): { pool: ResourcePool<number>; log: string[] } {
  const log: string[] = [];
  let last = 0;
  const pool = new ResourcePool<number>({
    create: async () => {
      if (connectTime > 0) await sleep(connectTime);
      log.push(`+${++last}`);
      return last;
    },
    destroy: (n) => void log.push(`-${n}`),
    max: 2,
    ...options,
  });
  return { pool, log };
}
const down = new Error('connection refused');

describe('borrowing', () => {
  it('creates on demand, up to max, and lends again what came back', () =>
    virtually(async () => {
      const { pool, log } = connections();
      expect(log).toEqual([]);
      const [a, b] = [await pool.acquire(), await pool.acquire()];
      expect([a.resource, b.resource, pool.statistics()]).toEqual([1, 2, { size: 2, idle: 0, borrowed: 2, waiting: 0 }]);
      a.release();
      expect(pool.statistics()).toEqual({ size: 2, idle: 1, borrowed: 1, waiting: 0 });
      expect((await pool.acquire()).resource).toBe(1);
      expect(log).toEqual(['+1', '+2']);
    }));

  it('takes the one that came back last', () =>
    virtually(async () => {
      const { pool } = connections({ max: 3 });
      const leases = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
      for (const l of leases) l.release();
      expect((await pool.acquire()).resource).toBe(3);
    }));

  it('serves first come, first served; a release goes straight to the longest waiter', () =>
    virtually(async () => {
      const { pool } = connections({ max: 1 });
      const first = await pool.acquire();
      const log: string[] = [];
      const tasks = ['a', 'b', 'c'].map((name) => background(() => pool.use(() => (log.push(name), sleep(1)))));
      await waitAllTasksBlocked();
      first.release();
      expect(pool.statistics()).toEqual({ size: 1, idle: 0, borrowed: 1, waiting: 2 });
      const barging = background(() => pool.use(() => void log.push('late')));
      await Promise.all([...tasks, barging]);
      expect(log).toEqual(['a', 'b', 'c', 'late']);
    }));

  it('use gives back when the body ends, throws or is cancelled', () =>
    virtually(async () => {
      const { pool } = connections({ max: 1 });
      expect(await pool.use((n) => n + 1)).toBe(2);
      expect(await failure(() => pool.use(() => Promise.reject(down)))).toBe(down);
      expect(await failure(() => pool.use(() => { throw down; }))).toBe(down); // prettier-ignore
      expect(await moveOnAfter(10, () => pool.use(sleepForever))).toBeUndefined();
      expect(pool.statistics()).toEqual({ size: 1, idle: 1, borrowed: 0, waiting: 0 });
      expect(await refusal(() => pool.use(5 as never))).toBe(
        'TypeError OFFLOOP_INVALID_ARGUMENT: Expected body to be a function, got 5 (number)',
      );
    }));

  it('what is discarded is destroyed and makes room, once, however often it is given back', () =>
    virtually(async () => {
      const { pool, log } = connections({ max: 1 });
      const lease = await pool.acquire();
      const waiter = background(() => pool.acquire());
      await waitAllTasksBlocked();
      lease.discard();
      lease.release();
      lease[Symbol.dispose]();
      lease.discard();
      expect((await waiter).resource).toBe(2);
      expect(log).toEqual(['+1', '-1', '+2']);
    }));

  it('a tight loop of uncontended borrowing does not starve the loop', () =>
    virtually(async () => {
      const { pool } = connections();
      const loop = { turned: false };
      setImmediate(() => (loop.turned = true));
      for (let i = 0; i < 100_000 && !loop.turned; i++) (await pool.acquire()).release();
      expect(loop.turned).toBe(true);
    }));

  it('a released one goes to who waits, although another is being created for it; that one stays for later', () =>
    virtually(async () => {
      const { pool } = connections({}, 100);
      const first = await pool.acquire();
      const waiter = background(() => pool.acquire());
      await sleep(10);
      first.release();
      expect((await waiter).resource).toBe(1);
      expect(now()).toBe(110);
      await sleep(200);
      expect(pool.statistics()).toEqual({ size: 2, idle: 1, borrowed: 1, waiting: 0 });
    }));
});

describe('cancellation', () => {
  it('of one who waits for a creation does not cancel it: the next one gets what was created', () =>
    virtually(async () => {
      const { pool, log } = connections({ max: 1 }, 100);
      const patient = background(async () => {
        await sleep(10);
        return pool.acquire();
      });
      expect(await failure(() => timeout(50, () => pool.acquire()))).toBeInstanceOf(TimeoutError);
      expect((await patient).resource).toBe(1);
      expect([now(), log]).toEqual([100, ['+1']]);
    }));

  it('of the only one who waits leaves the new one for later', () =>
    virtually(async () => {
      const { pool } = connections({}, 100);
      expect(await moveOnAfter(50, () => pool.acquire())).toBeUndefined();
      await sleep(100);
      expect(pool.statistics()).toEqual({ size: 1, idle: 1, borrowed: 0, waiting: 0 });
    }));

  it('of whoever is first in line lets the second have it', () =>
    virtually(async () => {
      const { pool } = connections({ max: 1 });
      const lease = await pool.acquire();
      const [first, second] = [background(() => pool.acquire()), background(() => pool.acquire())];
      await waitAllTasksBlocked();
      first.cancel();
      lease.release();
      expect((await second).resource).toBe(1);
      expect(first.state).toBe('cancelled');
    }));

  it('that comes after the hand-over takes nothing back: the next checkpoint throws, and nothing is lost', () =>
    virtually(async () => {
      const { pool } = connections({ max: 1 });
      const lease = await pool.acquire();
      const log: string[] = [];
      const waiter = background(() => pool.use(() => (log.push('has it'), checkpoint())));
      await waitAllTasksBlocked();
      lease.release();
      waiter.cancel();
      expect(await failure(waiter)).toBeInstanceOf(CancelledError);
      expect([log, pool.statistics()]).toEqual([['has it'], { size: 1, idle: 1, borrowed: 0, waiting: 0 }]);
    }));

  it('of whoever is first in line lets nobody barge in, not even from a listener in the midst of it', () =>
    virtually(async () => {
      const { pool } = connections({ max: 1 });
      const lease = await pool.acquire();
      const scope = new CancelScope();
      const order: string[] = [];
      const take = (name: string) => (): Promise<unknown> => pool.acquire().then((l) => (order.push(name), l.release()));
      const first = background(() =>
        scope.run(async () => {
          scope.signal.addEventListener('abort', () => {
            lease.release();
            background(take('barging'), { eager: true });
          });
          await take('cancelled')();
        }),
      );
      await waitAllTasksBlocked();
      const second = background(take('second'));
      await waitAllTasksBlocked();
      scope.cancel();
      await Promise.all([first, second]);
      await waitAllTasksBlocked();
      expect(order).toEqual(['second', 'barging']);
    }));

  it('before the call creates nothing', () =>
    virtually(async () => {
      const { pool, log } = connections();
      await new CancelScope().run(async (scope) => {
        scope.cancel();
        expect(await failure(() => pool.acquire())).toBeInstanceOf(CancelledError);
        expect(await failure(() => pool.use(() => {}))).toBeInstanceOf(CancelledError);
      });
      await sleep(1);
      expect(log).toEqual([]);
    }));

  it('of a crowd leaves an empty line and no timer', () =>
    virtually(async ({ clock }) => {
      const { pool } = connections({ max: 1, acquireTimeout: 1000, create: () => Promise.reject(down) });
      await failure(() => pool.acquire());
      const arm = vi.spyOn(clock, 'arm');
      const tasks = Array.from({ length: 100 }, () => background(() => pool.acquire()));
      await waitAllTasksBlocked({ cushion: 0 });
      const timers = arm.mock.calls.map(([timer]) => timer);
      expect(timers.length).toBeGreaterThan(100);
      for (const task of tasks) task.cancel();
      expect(timers.every((t) => t.order === -1)).toBe(true);
      expect(pool.statistics().waiting).toBe(0);
    }));
});

describe('acquireTimeout', () => {
  it('ends the wait with a TimeoutError that says what is the matter', () =>
    virtually(async () => {
      const { pool } = connections({ max: 1, acquireTimeout: 100 });
      const lease = await pool.acquire();
      const others = [background(() => pool.acquire()), background(() => pool.acquire())];
      await sleep(30);
      const error = await failure(() => pool.acquire());
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({ deadline: 130, message: 'No resource after 100 ms: 1 of 1 borrowed, 0 more waiting' });
      for (const other of others) expect(await failure(other)).toMatchObject({ deadline: 100 });
      lease.release();
      expect((await pool.acquire()).resource).toBe(1); // earlier time-outs leave no trace
    }));

  it('has the last failure to create as its cause', () =>
    virtually(async () => {
      const { pool } = connections({ acquireTimeout: 10, create: () => Promise.reject(down) });
      expect(await failure(() => pool.acquire())).toBe(down);
      expect(await failure(() => pool.acquire())).toMatchObject({ name: 'TimeoutError', cause: down });
    }));

  it('does not cut off who is served in the same moment', () =>
    virtually(async ({ clock }) => {
      const { pool } = connections({ max: 1, acquireTimeout: 100 });
      const lease = await pool.acquire();
      clock.setTimer(100, () => lease.release());
      expect((await pool.acquire()).resource).toBe(1);
    }));
});

describe('a create that fails', () => {
  it('rejects whoever is first in line with its error, and the next attempt waits', () =>
    virtually(async ({ reports }) => {
      let calls = 0;
      const { pool } = connections({ max: 1, create: () => (++calls < 3 ? Promise.reject(down) : Promise.resolve(calls)) });
      const tasks = [1, 2, 3].map(() => background(() => pool.acquire().then((l) => [l.resource, now()])));
      expect(await failure(tasks[0] as never)).toBe(down);
      expect(now()).toBe(0);
      expect(await failure(tasks[1] as never)).toBe(down);
      expect(now()).toBe(50);
      expect(await tasks[2]).toEqual([3, 150]);
      expect([calls, reports]).toEqual([3, []]);
    }));

  it('never spins: whoever asks again at once waits for the next attempt', () =>
    virtually(async () => {
      let calls = 0;
      const create = (): never => {
        calls++;
        throw down;
      };
      const { pool } = connections({ max: 5, create });
      while (now() < 60_000) expect(await failure(() => pool.acquire())).toBe(down);
      expect(calls).toBeLessThan(25);
      expect(calls).toBeGreaterThan(10);
    }));

  it('many at once count as one failure, and each tells one waiter', () =>
    virtually(async () => {
      let broken = true;
      const { pool } = connections({ max: 10, create: () => (broken ? sleep(10).then(() => Promise.reject(down)) : 7) });
      const errors = await Promise.allSettled(Array.from({ length: 10 }, () => background(() => pool.acquire())));
      expect(errors.every((e) => e.status === 'rejected' && e.reason === down)).toBe(true);
      broken = false;
      expect((await pool.acquire()).resource).toBe(7);
      expect(now()).toBe(60);
    }));

  it('and that nobody waits for any more is reported, not lost', () =>
    virtually(async ({ reports }) => {
      const { pool } = connections({ create: () => sleep(100).then(() => Promise.reject(down)) });
      await moveOnAfter(10, () => pool.acquire());
      await sleep(200);
      expect(reports).toMatchObject([{ message: 'ResourcePool could not create a resource, and nobody waits for it', error: down }]);
      expect(pool.statistics().size).toBe(0);
    }));

  it('because something that it awaits was cancelled is a failure too: nobody waits for ever', () =>
    virtually(async () => {
      const other = background(sleepForever);
      other.cancel();
      const { pool } = connections({ create: async () => await other });
      expect(await failure(() => pool.acquire())).toBeInstanceOf(CancelledError);
      expect(pool.statistics()).toMatchObject({ size: 0, waiting: 0 });
    }));
});

describe('validation', () => {
  it('comes before a resource is lent again, not before the first time; what is invalid is destroyed and the next one tried', () =>
    virtually(async () => {
      const asked: number[] = [];
      const validate = (n: number): boolean => {
        asked.push(n);
        if (n === 1) throw new Error('terminated');
        return n !== 2;
      };
      const { pool, log } = connections({ max: 3, validate });
      const leases = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
      expect(asked).toEqual([]);
      for (const i of [2, 1, 0]) leases[i]?.release();
      expect((await pool.acquire()).resource).toBe(3);
      expect([asked, log]).toEqual([
        [1, 2, 3],
        ['+1', '+2', '+3', '-1', '-2'],
      ]);
    }));

  it('creates a new one when none is valid', () =>
    virtually(async () => {
      const { pool } = connections({ max: 1, validate: () => Promise.resolve(false) });
      (await pool.acquire()).release();
      expect((await pool.acquire()).resource).toBe(2);
    }));

  it('belongs to the pool: who is cancelled meanwhile does not abort it, and the next one has its result', () =>
    virtually(async () => {
      const validated: number[] = [];
      const { pool, log } = connections({ max: 1, validate: (n) => sleep(100).then(() => validated.push(n) > 0) });
      (await pool.acquire()).release();
      const second = background(async () => {
        await sleep(20);
        return pool.acquire();
      });
      expect(await moveOnAfter(50, () => pool.acquire())).toBeUndefined();
      expect((await second).resource).toBe(1);
      expect([now(), validated, log]).toEqual([100, [1], ['+1']]);
    }));

  it('keeps the order: nobody overtakes who waits for it', () =>
    virtually(async () => {
      const { pool } = connections({ max: 1, validate: () => sleep(10, true) });
      (await pool.acquire()).release();
      const order: string[] = [];
      await Promise.all(['a', 'b', 'c'].map((name) => background(() => pool.use(() => void order.push(`${name} ${now()}`)))));
      expect(order).toEqual(['a 10', 'b 20', 'c 30']);
    }));

  it('is asked of as many as are wanted, not of all that are idle', () =>
    virtually(async () => {
      const asked: number[] = [];
      const { pool } = connections({ max: 3, validate: (n) => (asked.push(n), sleep(10, true)) });
      const leases = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
      for (const l of leases) l.release();
      await pool.acquire();
      expect(asked).toEqual([3]);
    }));

  it('that returns no boolean is a mistake, and whoever waits is told', () =>
    virtually(async () => {
      const { pool, log } = connections({ max: 1, validate: (() => undefined) as never });
      (await pool.acquire()).release();
      expect(await refusal(() => pool.acquire())).toBe(
        'TypeError OFFLOOP_INVALID_ARGUMENT: Expected what options.validate returns to be a boolean, got undefined',
      );
      await waitAllTasksBlocked();
      expect(log).toEqual(['+1', '-1']);
    }));
});

describe('what is old goes', () => {
  it('after idleTimeout, the oldest first, down to min', () =>
    virtually(async () => {
      const { pool, log } = connections({ max: 3, min: 1, idleTimeout: 1000 });
      const leases = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
      for (const l of leases) {
        l.release();
        await sleep(100);
      }
      await sleep(650);
      expect(log).toEqual(['+1', '+2', '+3']);
      await sleep(100);
      expect(log.slice(3)).toEqual(['-1']);
      await sleep(60_000);
      expect([log.slice(3), pool.statistics()]).toEqual([['-1', '-2'], { size: 1, idle: 1, borrowed: 0, waiting: 0 }]);
    }));

  it('after 30 s unless told otherwise, and never with Infinity', () =>
    virtually(async () => {
      const [usual, keeping] = [connections(), connections({ idleTimeout: Infinity })];
      for (const { pool } of [usual, keeping]) await pool.use(() => {});
      await sleep(29_999);
      expect(usual.log).toEqual(['+1']);
      await sleep(1_000_000);
      expect([usual.log, keeping.log]).toEqual([['+1', '-1'], ['+1']]);
    }));

  it('what is lent has no timer, and what nobody needs has one', () =>
    virtually(async ({ clock }) => {
      const arm = vi.spyOn(clock, 'arm');
      const { pool } = connections();
      await pool.use(() => {});
      const timers = arm.mock.calls.map(([timer]) => timer).filter((t) => t.when !== Infinity);
      expect(timers.map((t) => [t.when, t.order >= 0])).toEqual([[30_000, true]]);
      await pool.acquire();
      expect(timers.map((t) => t.order)).toEqual([-1]);
    }));

  it('after maxLifetime when it comes back, or before it is lent again', () =>
    virtually(async () => {
      const { pool, log } = connections({ max: 1, maxLifetime: 100 });
      const lease = await pool.acquire();
      await sleep(150);
      expect(log).toEqual(['+1']);
      lease.release();
      expect((await pool.acquire()).resource).toBe(2);
      expect(log).toEqual(['+1', '-1', '+2']);
      const other = connections({ max: 1, maxLifetime: 100 });
      await other.pool.use(() => {});
      await sleep(150);
      expect((await other.pool.acquire()).resource).toBe(2);
    }));

  it('what is being destroyed counts against max until it is gone', () =>
    virtually(async () => {
      let alive = 0;
      const { pool } = connections({
        max: 1,
        create: () => expect(++alive).toBe(1) as never,
        destroy: () => sleep(100).then(() => void alive--),
      });
      (await pool.acquire()).discard();
      expect(pool.statistics()).toEqual({ size: 1, idle: 0, borrowed: 0, waiting: 0 });
      await pool.acquire();
      expect(now()).toBe(100);
    }));

  it('a destroy that fails is reported, and its place comes free', () =>
    virtually(async ({ reports }) => {
      const { pool } = connections({ max: 1, destroy: () => Promise.reject(down) });
      (await pool.acquire()).discard();
      expect((await pool.acquire()).resource).toBe(2);
      expect(reports).toMatchObject([{ message: 'ResourcePool could not destroy a resource', error: down }]);
    }));
});

describe('min', () => {
  it('is made with the first acquire, and made up for when one is gone', () =>
    virtually(async () => {
      const { pool, log } = connections({ max: 4, min: 2 });
      await waitAllTasksBlocked();
      expect(log).toEqual([]);
      const lease = await pool.acquire();
      await waitAllTasksBlocked();
      expect(pool.statistics()).toEqual({ size: 2, idle: 1, borrowed: 1, waiting: 0 });
      lease.discard();
      await waitAllTasksBlocked();
      expect([pool.statistics(), log]).toEqual([{ size: 2, idle: 2, borrowed: 0, waiting: 0 }, ['+1', '+2', '-1', '+3']]);
    }));

  it('that cannot be made is reported; without anybody waiting there is no further attempt and no timer', () =>
    virtually(async ({ clock, reports }) => {
      let calls = 0;
      const { pool } = connections({ max: 4, min: 2, create: () => (++calls === 1 ? 1 : Promise.reject(down)) });
      const lease = await pool.acquire();
      await sleep(60_000);
      expect([calls, reports.length]).toEqual([2, 1]);
      const armed = vi.spyOn(clock, 'arm');
      lease.release();
      await waitAllTasksBlocked();
      expect([calls, armed.mock.calls.length]).toEqual([3, 0]);
    }));
});

describe('closing', () => {
  it('refuses who waits and who comes later, waits for who has borrowed, destroys all', () =>
    virtually(async () => {
      const { pool, log } = connections({ max: 2, destroy: (n) => sleep(10).then(() => void log.push(`-${n}`)) });
      const [a, b] = [await pool.acquire(), await pool.acquire()];
      a.release();
      const c = await pool.acquire();
      const waiter = background(() => pool.acquire());
      await waitAllTasksBlocked();
      const closing = [background(() => pool.close()), background(() => pool.close())];
      expect(await failure(waiter)).toBeInstanceOf(ClosedResourceError);
      expect(await refusal(() => pool.acquire())).toBe('ClosedResourceError OFFLOOP_CLOSED_RESOURCE: this pool is closed');
      await sleep(100);
      b.release();
      await sleep(100);
      expect([log, closing.map((t) => t.settled)]).toEqual([
        ['+1', '+2', '-2'],
        [false, false],
      ]);
      c.discard();
      await Promise.all(closing);
      expect([log.at(-1), now(), pool.statistics()]).toEqual(['-1', 210, { size: 0, idle: 0, borrowed: 0, waiting: 0 }]);
      await pool.close();
    }));

  it('destroys what is idle, and cancels what is being created', () =>
    virtually(async () => {
      const { pool, log } = connections({ max: 2 }, 50);
      await pool.use(() => {});
      const lease = await pool.acquire();
      const waiter = background(() => pool.acquire());
      await sleep(10);
      lease.release();
      await waiter;
      waiter.result().release();
      await pool.close();
      expect([log, now()]).toEqual([['+1', '-1'], 60]);
    }));

  it('gives up a validation that never ends, and destroys what it was about', () =>
    virtually(async () => {
      const { pool, log } = connections({ max: 1, validate: sleepForever });
      await pool.use(() => {});
      const waiter = background(() => pool.acquire());
      await waitAllTasksBlocked();
      await pool.close();
      expect(await failure(waiter)).toBeInstanceOf(ClosedResourceError);
      expect(log).toEqual(['+1', '-1']);
    }));

  it('destroys what was created all the same', () =>
    virtually(async () => {
      const { pool, log } = connections({ create: () => shield(() => sleep(50, 9)) });
      const waiter = background(() => pool.acquire());
      await waitAllTasksBlocked();
      await pool.close();
      expect(await failure(waiter)).toBeInstanceOf(ClosedResourceError);
      expect([log, now()]).toEqual([['-9'], 50]);
    }));

  it('in a cancelled scope begins all the same', () =>
    virtually(async () => {
      const { pool, log } = connections();
      await pool.use(() => {});
      await new CancelScope().run(async (scope) => {
        scope.cancel();
        expect(await failure(() => pool.close())).toBeInstanceOf(CancelledError);
      });
      await waitAllTasksBlocked();
      expect(log).toEqual(['+1', '-1']);
    }));

  it('as a disposer waits to the end also in a cancelled scope, and does not hide its error', () =>
    virtually(async () => {
      const { pool, log } = connections({ destroy: () => sleep(20).then(() => void log.push('-')) });
      await pool.use(() => {});
      const scope = new CancelScope();
      await scope.run(async () => {
        try {
          scope.cancel();
          await checkpoint();
        } finally {
          await pool[Symbol.asyncDispose]();
          log.push('disposed');
        }
      });
      expect([log, scope.cancelledCaught]).toEqual([['+1', '-', 'disposed'], true]);
    }));

  it('of a pool that was never used is done at once', () => virtually(() => connections().pool.close()));
});

describe('the end of a run', () => {
  const ending = (main: () => Promise<unknown>): Promise<number> => {
    const clock = new MockClock({ autojump: true });
    return run(main, { clock, signals: false }).then(() => clock.now());
  };

  it('cancels a creation that nobody waits for any more', async () => {
    const { pool, log } = connections({}, 10_000);
    expect(await ending(async () => void (await moveOnAfter(10, () => pool.acquire())))).toBe(10);
    expect(log).toEqual([]);
  });

  it('cancels one together with who waits for it', async () => {
    const { pool, log } = connections({ min: 2 }, 10_000);
    const main = async (): Promise<void> => {
      background(() => pool.acquire());
      await sleep(10);
    };
    expect(await ending(main)).toBe(10);
    expect(log).toEqual([]);
  });

  it('gives up a validation that nobody waits for any more, and destroys what it was about', async () => {
    const { pool, log } = connections({ validate: sleepForever });
    const main = async (): Promise<void> => {
      await pool.use(() => {});
      await moveOnAfter(10, () => pool.acquire());
    };
    expect(await ending(main)).toBe(10);
    expect(log).toEqual(['+1', '-1']);
  });

  it('lets cleanup in a shield still have a resource, also a new one', async () => {
    const { pool, log } = connections({ validate: () => sleep(5, true) }, 100);
    const main = async (): Promise<void> => {
      background(async () => {
        try {
          await sleepForever();
        } finally {
          for (let i = 0; i < 2; i++) await shield(() => pool.use((n) => log.push(`rollback on ${n}`)));
        }
      });
      await sleep(10);
    };
    expect(await ending(main)).toBe(115);
    expect(log).toEqual(['+1', 'rollback on 1', 'rollback on 1']);
  });

  it('waits for a destruction that is under way', async () => {
    const { pool, log } = connections({ destroy: () => sleep(100).then(() => void log.push('gone')) });
    expect(await ending(async () => (await pool.acquire()).discard())).toBe(100);
    expect(log).toEqual(['+1', 'gone']);
  });
});

it('says what it is waiting for, and who works for it', () =>
  virtually(async () => {
    const { pool } = connections({ max: 1 });
    const lease = await pool.acquire();
    const waiter = background(() => pool.acquire());
    await waitAllTasksBlocked();
    expect(captureCallGraph(waiter)?.waitingOn).toBe('ResourcePool.acquire');
    waiter.cancel();
    const closer = background(() => pool.close());
    await waitAllTasksBlocked();
    expect(captureCallGraph(closer)?.waitingOn).toBe('ResourcePool.close');
    lease.release();
    background(() => connections({}, 10).pool.acquire());
    await waitAllTasksBlocked();
    expect([...allTasks()].map((t) => t.name)).toContain('ResourcePool.create');
  }));

it('debug mode does not take for a deadlock that somebody holds one and waits for another: the pool can still make one', async () => {
  const { pool } = connections({ max: 2 }, 10);
  expect(await messages(() => pool.use((a) => pool.use((b) => expect([a, b]).toEqual([1, 2]))))).toEqual([]);
});

it('shows itself in a line', () =>
  virtually(async () => {
    const { pool } = connections({ max: 5 });
    await pool.acquire();
    expect(String(pool)).toBe('<ResourcePool 1 of 5, 0 idle, 1 borrowed, 0 waiting>');
    expect(Object.isFrozen(pool.statistics())).toBe(true);
    background(() => pool.close());
    await waitAllTasksBlocked();
    expect(String(pool)).toBe('<ResourcePool 1 of 5, 0 idle, 1 borrowed, 0 waiting, closed>');
  }));

it('whatever is borrowed, given back, discarded, cancelled, invalid, failing or old: never more than max, in order, nothing lost', async () => {
  const borrower = fc.record({
    at: fc.nat({ max: 60 }),
    patience: fc.option(fc.nat({ max: 60 })),
    work: fc.nat({ max: 20 }),
    end: fc.constantFrom('release', 'discard', 'throw'),
  });
  const world = fc.record({
    max: fc.integer({ min: 1, max: 3 }),
    min: fc.nat({ max: 1 }),
    times: fc.record({ create: fc.nat({ max: 10 }), validate: fc.nat({ max: 4 }), destroy: fc.nat({ max: 8 }) }),
    failing: fc.array(fc.boolean(), { maxLength: 8 }),
    invalid: fc.array(fc.boolean(), { maxLength: 8 }),
    validates: fc.boolean(),
    maxLifetime: fc.constantFrom(Infinity, 15, 40),
    idleTimeout: fc.constantFrom(Infinity, 10),
    acquireTimeout: fc.constantFrom(Infinity, 30),
  });
  await fc.assert(
    fc.asyncProperty(world, fc.array(borrower, { maxLength: 14 }), (w, borrowers) =>
      virtually(async () => {
        const standing = new Map<number, 'alive' | 'lent'>();
        let [made, attempts, validations, opening, closing, tickets, served] = [0, 0, 0, 0, 0, 0, -1];
        const bounded = (): void => expect(standing.size + opening + closing).toBeLessThanOrEqual(w.max);
        const pool = new ResourcePool<number>({
          max: w.max,
          min: w.min,
          maxLifetime: w.maxLifetime,
          idleTimeout: w.idleTimeout,
          acquireTimeout: w.acquireTimeout,
          create: async () => {
            opening++;
            bounded();
            try {
              await sleep(w.times.create);
              if (w.failing[attempts++] === true) throw down;
              standing.set(++made, 'alive');
              return made;
            } finally {
              opening--;
            }
          },
          ...(w.validates
            ? { validate: (n) => sleep(w.times.validate).then(() => standing.get(n) === 'alive' && w.invalid[validations++] !== true) }
            : {}),
          destroy: async (n) => {
            expect(standing.get(n)).toBe('alive');
            standing.delete(n);
            closing++;
            bounded();
            await sleep(w.times.destroy);
            closing--;
          },
        });
        const work = async ({ work: ms, end }: { work: number; end: string }): Promise<void> => {
          const ticket = tickets++;
          const lease: Lease<number> = await pool.acquire();
          const { resource } = lease;
          expect(ticket).toBeGreaterThan(served);
          served = ticket;
          expect(standing.get(resource)).toBe('alive');
          standing.set(resource, 'lent');
          try {
            await sleep(ms);
            if (end === 'throw') throw down;
          } finally {
            standing.set(resource, 'alive');
            if (end === 'discard') lease.discard();
            else lease.release();
          }
        };
        await withTaskGroup((tg) => {
          for (const b of borrowers) {
            tg.spawn(async () => {
              await sleep(b.at);
              try {
                await moveOnAfter(b.patience, () => work(b));
              } catch (error) {
                if (error !== down && !(error instanceof TimeoutError)) throw error;
              }
            });
          }
        });
        const { size, borrowed, waiting } = pool.statistics();
        expect([borrowed, waiting]).toEqual([0, 0]);
        expect(size).toBeGreaterThanOrEqual(standing.size);
        await pool.close();
        expect([standing.size, opening, closing, pool.statistics().size]).toEqual([0, 0, 0, 0]);
      }),
    ),
    { numRuns: 250 },
  );
});
