import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError, InvalidStateError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { Runtime } from '../../src/core/runtime.ts';
import { ambient, Scope } from '../../src/core/scope.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { Semaphore } from '../../src/sync/semaphore.ts';
import type { Guard } from '../../src/sync/guard.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

describe('a semaphore', () => {
  it('that starts at 0 is locked (SE-01)', () => {
    const semaphore = new Semaphore(0);
    expect([semaphore.locked, semaphore.value, semaphore.tryAcquire()]).toEqual([true, 0, null]);
  });

  it('starts at 1 unless told otherwise', () => {
    const semaphore = new Semaphore();
    expect([semaphore.locked, semaphore.value, semaphore.waiting]).toEqual([false, 1, 0]);
  });

  it('gives out as many permits as it has', () =>
    virtually(async () => {
      const semaphore = new Semaphore(2);
      const a = await semaphore.acquire();
      expectTypeOf(a).toEqualTypeOf<Guard>();
      await semaphore.acquire();
      expect([semaphore.value, semaphore.locked, semaphore.tryAcquire()]).toEqual([0, true, null]);
      a.release();
      expect([semaphore.value, semaphore.locked]).toEqual([1, false]);
    }));

  it('two releases wake exactly two of three waiters, in order; the value never rises above 0 meanwhile (SE-03)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const semaphore = new Semaphore(0);
        const log: string[] = [];
        for (const name of ['a', 'b', 'c']) {
          tg.spawn(async () => {
            await semaphore.acquire();
            log.push(name);
          });
        }
        await waitAllTasksBlocked();
        expect(semaphore.waiting).toBe(3);
        semaphore.release();
        expect(semaphore.value).toBe(0);
        semaphore.release();
        expect([semaphore.value, semaphore.waiting, log]).toEqual([0, 1, []]);
        await waitAllTasksBlocked();
        expect([semaphore.value, log]).toEqual([0, ['a', 'b']]);
        semaphore.release();
      }),
    ));

  it('two cancelled heads, then one release: the third gets it (SE-05)', () =>
    virtually(async () => {
      const semaphore = new Semaphore(0);
      const tasks = [1, 2, 3].map(() => background(() => semaphore.acquire()));
      await waitAllTasksBlocked();
      tasks[0]?.cancel();
      tasks[1]?.cancel();
      semaphore.release();
      await tasks[2];
      expect([tasks.map((t) => t.state), semaphore.value, semaphore.waiting]).toEqual([['cancelled', 'cancelled', 'done'], 0, 0]);
    }));

  it('a waiter cancelled by the task that has just released keeps what it was handed; the permit is not lost (SE-07)', () =>
    virtually(async () => {
      const semaphore = new Semaphore(1);
      const guard = await semaphore.acquire();
      const log: string[] = [];
      const waiter = background(async () => {
        const mine = await semaphore.acquire();
        log.push('has it');
        try {
          await checkpoint();
          log.push('never');
        } finally {
          mine.release();
        }
      });
      const third = background(() => semaphore.acquire());
      await waitAllTasksBlocked();
      guard.release();
      waiter.cancel();
      await third;
      expect([log, waiter.state, semaphore.value, semaphore.waiting]).toEqual([['has it'], 'cancelled', 0, 0]);
    }));

  it('repeated acquire and release by three tasks keeps the rotation (SE-09, LK-13)', () =>
    virtually(async () => {
      const semaphore = new Semaphore(1);
      const log: string[] = [];
      await withTaskGroup((tg) => {
        for (const name of ['a', 'b', 'c']) {
          tg.spawn(async () => {
            for (let i = 0; i < 4; i++) {
              const guard = await semaphore.acquire();
              log.push(name);
              await sleep(1);
              guard.release();
            }
          });
        }
      });
      expect(log.join('')).toBe('abcabcabcabc');
    }));

  it('whoever releases and asks again at once goes to the end of the line', () =>
    virtually(async () => {
      const semaphore = new Semaphore(1);
      const log: string[] = [];
      const guard = await semaphore.acquire();
      const other = background(() => semaphore.run(() => void log.push('other')));
      await waitAllTasksBlocked();
      guard.release();
      expect(semaphore.tryAcquire()).toBeNull();
      await semaphore.run(() => void log.push('greedy'));
      await other;
      expect(log).toEqual(['other', 'greedy']);
    }));

  it('the first waiter cancelled: the second, then the third (SE-11)', () =>
    virtually(async () => {
      const semaphore = new Semaphore(0);
      const log: number[] = [];
      const tasks = [1, 2, 3].map((n) => background(() => semaphore.acquire().then(() => log.push(n))));
      await waitAllTasksBlocked();
      tasks[0]?.cancel();
      semaphore.release();
      semaphore.release();
      await Promise.all(tasks.slice(1));
      expect(log).toEqual([2, 3]);
    }));

  it('after a release with somebody in line, tryAcquire gets nothing (SE-13)', () =>
    virtually(async () => {
      const semaphore = new Semaphore(1);
      const guard = semaphore.tryAcquire()!;
      const waiter = background(() => semaphore.acquire());
      await waitAllTasksBlocked();
      guard.release();
      expect(semaphore.tryAcquire()).toBeNull();
      (await waiter).release();
      expect(semaphore.tryAcquire()).not.toBeNull();
    }));

  it('the waiter of a holder cancelled: the third still gets in (SE-15)', () =>
    virtually(async () => {
      const semaphore = new Semaphore(1);
      const holder = background(() => semaphore.run(() => sleep(10)));
      const second = background(() => semaphore.run(() => sleep(10)));
      const third = background(() => semaphore.run(() => 'got in'));
      await sleep(1);
      second.cancel();
      await holder;
      expect(await third).toBe('got in');
    }));

  it('a wait that times out leaves nobody in line, and takes nothing', () =>
    virtually(async () => {
      const semaphore = new Semaphore(0);
      expect(await moveOnAfter(10, () => semaphore.acquire())).toBeUndefined();
      expect(semaphore.statistics()).toEqual({ value: 0, waiting: 0 });
      semaphore.release();
      expect(semaphore.value).toBe(1);
    }));

  it('in a cancelled scope is not acquired, though it is free', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        const semaphore = new Semaphore(1);
        s.cancel();
        expect(await failure(() => semaphore.acquire())).toBeInstanceOf(CancelledError);
        expect(semaphore.value).toBe(1);
      }),
    ));

  it('a tight loop of uncontended acquires does not starve the loop', () =>
    virtually(async () => {
      const semaphore = new Semaphore(1);
      const log: string[] = [];
      setImmediate(() => log.push('turn'));
      for (let i = 0; i < 100_000 && log.length === 0; i++) (await semaphore.acquire()).release();
      expect(log).toEqual(['turn']);
    }));
});

describe('a guard', () => {
  it('gives its permit back once, by release or by dispose, however often it is asked to', async () => {
    const semaphore = new Semaphore(1);
    const guard = await semaphore.acquire();
    guard[Symbol.dispose]();
    guard[Symbol.dispose]();
    guard.release();
    expect(semaphore.value).toBe(1);
  });
});

describe('release', () => {
  it('without an acquire adds a permit', () => {
    const semaphore = new Semaphore(0);
    semaphore.release();
    semaphore.release();
    expect(semaphore.value).toBe(2);
  });

  it('above `max` is refused', async () => {
    const semaphore = new Semaphore(2, { max: 2 });
    expect(await failure(() => semaphore.release())).toBeInstanceOf(InvalidStateError);
    const guard = await semaphore.acquire();
    guard.release();
    expect(await refusal(() => semaphore.release())).toBe('InvalidStateError OFFLOOP_INVALID_STATE: Semaphore released more often than acquired: its value is 2 already');
    expect(semaphore.value).toBe(2);
  }); // prettier-ignore
});

describe('run', () => {
  it('holds a permit while the function runs, and passes value and error on', () =>
    virtually(async () => {
      const semaphore = new Semaphore(1);
      const value = await semaphore.run(async () => {
        expect(semaphore.value).toBe(0);
        return 'value';
      });
      expectTypeOf(value).toEqualTypeOf<string>();
      expect(await failure(() => semaphore.run(() => Promise.reject(new Error('boom'))))).toMatchObject({ message: 'boom' });
      expect(await failure(() => semaphore.run(() => { throw new Error('at once'); }))).toMatchObject({ message: 'at once' }); // prettier-ignore
      expect([value, semaphore.value]).toEqual(['value', 1]);
    }));

  it('cancelled gives the permit back once the function has cleaned up', () =>
    virtually(async () => {
      const semaphore = new Semaphore(1);
      await moveOnAfter(10, () =>
        semaphore.run(async () => {
          try {
            await sleep(100);
          } finally {
            await shield(() => sleep(5));
            expect(semaphore.value).toBe(0);
          }
        }),
      );
      expect(semaphore.value).toBe(1);
    }));
});

it('shows its state', () => {
  const semaphore = new Semaphore(1);
  expect([String(semaphore), semaphore.statistics()]).toEqual(['<Semaphore unlocked, value 1, 0 waiting>', { value: 1, waiting: 0 }]);
  semaphore.tryAcquire();
  void semaphore.acquire();
  expect([String(semaphore), semaphore.statistics()]).toEqual(['<Semaphore locked, value 0, 1 waiting>', { value: 0, waiting: 1 }]);
  expect(Object.isFrozen(semaphore.statistics())).toBe(true);
});

describe('whatever is acquired, released and cancelled, in any order', () => {
  interface Call {
    id: number;
    scope: Scope;
    outcome: string;
  }

  /** What a semaphore is, in the simplest words. */
  class Model {
    free: number;
    held = 0;
    line: number[] = [];
    readonly granted: number[] = [];
    readonly cancelled = new Set<number>();

    constructor(free: number) {
      this.free = free;
    }

    take(): boolean {
      if (this.free === 0) return false;
      this.free--;
      this.held++;
      return true;
    }

    acquire(id: number): void {
      if (this.take()) this.granted.push(id);
      else this.line.push(id);
    }

    release(): void {
      const next = this.line.shift();
      if (next !== undefined) return void this.granted.push(next);
      this.free++;
      this.held--;
    }

    cancel(id: number): void {
      if (this.line.includes(id)) this.cancelled.add(id);
      this.line = this.line.filter((other) => other !== id);
    }

    outcome(id: number): string {
      if (this.cancelled.has(id)) return 'cancelled';
      return this.line.includes(id) ? 'waiting' : 'granted';
    }
  }

  it('no permit is lost or doubled, and waiters are served first come, first served', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.constant('acquire' as const) },
      { weight: 1, arbitrary: fc.constant('try' as const) },
      { weight: 4, arbitrary: fc.constant('release' as const) },
      { weight: 2, arbitrary: fc.constant('settle' as const) },
      { weight: 3, arbitrary: fc.nat({ max: 30 }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 3 }), fc.array(step, { maxLength: 120 }), async (limit, steps) => {
        const semaphore = new Semaphore(limit, { max: Math.max(limit, 1) });
        const runtime = new Runtime();
        const calls: Call[] = [];
        const granted: number[] = [];
        const model = new Model(limit);
        for (const s of steps) {
          if (s === 'acquire') {
            const call: Call = { id: calls.length, scope: new Scope(null, runtime), outcome: 'waiting' };
            calls.push(call);
            ambient.run(call.scope, () => semaphore.acquire()).then(
              () => {
                call.outcome = 'granted';
                granted.push(call.id);
              },
              () => (call.outcome = 'cancelled'),
            );
            model.acquire(call.id);
          } else if (s === 'try') expect(semaphore.tryAcquire() !== null).toBe(model.take());
          else if (s === 'release' && model.held > 0) {
            semaphore.release();
            model.release();
          } else if (s === 'settle') await Promise.resolve();
          else if (typeof s === 'number' && s < calls.length) {
            calls[s]!.scope.cancelWith(new CancelledError());
            model.cancel(s);
          }
          expect([semaphore.value, semaphore.waiting]).toEqual([model.free, model.line.length]);
        }
        await turns(2);
        expect(calls.map((c) => c.outcome)).toEqual(calls.map((c) => model.outcome(c.id)));
        expect(granted).toEqual(model.granted);
        for (const c of calls) expect(c.scope.first === null).toBe(c.outcome !== 'waiting');
      }),
      { numRuns: 300 },
    );
  }); // prettier-ignore

  it('with timeouts and cancelled holders, never more run at once than it allows, and all permits come back', async () => {
    const worker = fc.record({ begin: fc.nat({ max: 20 }), limit: fc.nat({ max: 30 }), work: fc.nat({ max: 10 }), cancelAt: fc.option(fc.nat({ max: 40 })) }); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(worker, { maxLength: 25 }), (limit, workers) =>
        virtually(async () => {
          const semaphore = new Semaphore(limit, { max: limit });
          let active = 0;
          await withTaskGroup((tg) => {
            for (const w of workers) {
              const task = tg.spawn(async () => {
                await sleep(w.begin);
                await moveOnAfter(w.limit, () =>
                  semaphore.run(async () => {
                    expect(++active).toBeLessThanOrEqual(limit);
                    try {
                      await sleep(w.work);
                    } finally {
                      active--;
                    }
                  }),
                );
              });
              const { cancelAt } = w;
              if (cancelAt !== null) tg.spawn(() => sleep(cancelAt).then(() => void task.cancel()));
            }
          });
          expect([active, semaphore.statistics()]).toEqual([0, { value: limit, waiting: 0 }]);
        }),
      ),
      { numRuns: 100 },
    );
  });
});

const bad: [string, () => unknown, string][] = [
  ['a negative value', () => new Semaphore(-1), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected value to be a whole number from 0 up, or Infinity, got -1 (number)'],
  ['a value of NaN', () => new Semaphore(NaN), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected value to be a whole number from 0 up, or Infinity, got NaN (number)'],
  ['a wrong value', () => new Semaphore('2' as never), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected value to be a whole number from 0 up, or Infinity, got '2' (string)"],
  ['a maximum below the value', () => new Semaphore(3, { max: 2 }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.max to be a whole number from 3 up, or Infinity, got 2 (number)'],
  ['an unknown option', () => new Semaphore(1, { maximum: 2 } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.maximum; known options are max'],
  ['run without a function', () => new Semaphore(1).run(5 as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 5 (number)'],
]; // prettier-ignore
it.each(bad)('%s is refused', async (_what, call, message) => {
  expect(await refusal(call)).toBe(message);
});
