import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError, TimeoutError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint, throwIfCancelled } from '../../src/core/checkpoint.ts';
import { gather } from '../../src/core/gather.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, shield, timeout, timeoutAt } from '../../src/core/timeout.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

describe('timeout', () => {
  it('rejects with TimeoutError on expiry, and the scope says that it expired (TO-01)', () =>
    virtually(async () => {
      let scope: CancelScope | undefined;
      const error = await failure(() =>
        timeout(10, async (s) => {
          scope = s;
          await sleep(100);
        }),
      );
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({ code: 'OFFLOOP_TIMEOUT', message: 'Timed out after 10 ms', deadline: 10, cause: { code: 'OFFLOOP_CANCELLED', source: 'deadline' } }); // prettier-ignore
      expect([scope?.cancelCalled, scope?.cancelledCaught, now()]).toEqual([true, true, 10]);
    }));

  it('nested with the same deadline: the code between sees CancelledError, only the outer one throws TimeoutError, both expired (TO-03)', () =>
    virtually(async () => {
      const scopes: CancelScope[] = [];
      let between: unknown;
      const error = await failure(() =>
        timeoutAt(10, async (outer) => {
          scopes.push(outer);
          try {
            await timeoutAt(10, async (inner) => {
              scopes.push(inner);
              await sleepForever();
            });
          } catch (e) {
            between = e;
            throw e;
          }
        }),
      );
      expect(error).toBeInstanceOf(TimeoutError);
      expect(between).toBeInstanceOf(CancelledError);
      expect(scopes.map((s) => s.cancelCalled)).toEqual([true, true]);
    }));

  it('resolves with the value of a body that is early: not expired, no timer left (TO-05)', () =>
    virtually(async ({ clock }) => {
      let scope: CancelScope | undefined;
      const value = await timeout(50, async (s) => {
        scope = s;
        await sleep(10);
        return 'early';
      });
      expectTypeOf(value).toEqualTypeOf<string>();
      await clock.jump(100);
      expect([value, scope?.cancelCalled]).toEqual(['early', false]);
    }));

  it('of 0 fires even though the body would sleep (TO-07)', () =>
    virtually(async () => {
      const error = await failure(() => timeout(0, () => sleep(100)));
      expect([error, now()]).toEqual([expect.any(TimeoutError), 0]);
    }));

  it('that is negative, or a deadline in the past, fires at the first checkpoint (TO-09)', () =>
    virtually(async () => {
      await sleep(100);
      for (const limited of [timeout.bind(null, -1), timeoutAt.bind(null, 99), timeout.bind(null, -Infinity)]) {
        const log: string[] = [];
        const error = await failure(() =>
          limited(async () => {
            log.push('began');
            await sleep(0);
            log.push('went on');
          }),
        );
        expect([error, log]).toEqual([expect.any(TimeoutError), ['began']]);
      }
    }));

  it('expired, but the body ends normally all the same: its value counts', () =>
    virtually(async () => {
      expect(await timeout(0, () => 'value')).toBe('value');
    }));

  it('null and Infinity mean no limit', () =>
    virtually(async () => {
      for (const none of [null, Infinity]) {
        expect(await timeout(none, () => sleep(1e9, 'value'))).toBe('value');
        expect(await timeoutAt(none, (s) => s.deadline)).toBe(Infinity);
      }
    }));

  it('lets an error through that the body throws while it unwinds (TO-11)', () =>
    virtually(async () => {
      const error = await failure(() =>
        timeout(10, async () => {
          try {
            await sleepForever();
          } catch {
            throw new Error('of its own');
          }
        }),
      );
      expect(error).toMatchObject({ message: 'of its own' });
    }));

  it('that has not expired lets a cancellation from outside pass as CancelledError (TO-13)', () =>
    virtually(async () => {
      const task = background(() => timeout(1_000, () => sleepForever()));
      await waitAllTasksBlocked();
      task.cancel('outside');
      expect(await failure(task)).toMatchObject({ code: 'OFFLOOP_CANCELLED', reason: 'outside' });
    }));

  it('moved later, then removed: an outside cancel then gives CancelledError, and nothing expired (TO-17)', () =>
    virtually(async () => {
      let scope: CancelScope | undefined;
      const task = background(() =>
        timeout(10, async (s) => {
          scope = s;
          s.deadline = 20;
          await sleep(15);
          s.deadline = null;
          await sleepForever();
        }),
      );
      await sleep(100);
      task.cancel();
      expect(await failure(task)).toBeInstanceOf(CancelledError);
      expect(scope?.cancelCalled).toBe(false);
    }));

  it('moved earlier fires earlier (TO-17)', () =>
    virtually(async () => {
      const error = await failure(() =>
        timeout(1_000, async (s) => {
          s.deadline = 5;
          await sleepForever();
        }),
      );
      expect(error).toMatchObject({ deadline: 5 });
      expect(now()).toBe(5);
    }));

  it('used in the cleanup of a cancelled task works (TO-19)', () =>
    virtually(async () => {
      const log: unknown[] = [];
      const task = background(async () => {
        try {
          await sleepForever();
        } catch {
          log.push(await failure(() => timeout(10, () => sleepForever(), { shield: true })));
          log.push(now());
        }
      });
      await waitAllTasksBlocked();
      task.cancel();
      await task.wait();
      expect(log).toEqual([expect.any(TimeoutError), 10]);
    }));

  it('swallowing the CancelledError of the expiry and leaving normally yields no TimeoutError (TO-23)', () =>
    virtually(async () => {
      const value = await timeout(10, async () => {
        await failure(() => sleepForever());
        return 'swallowed';
      });
      expect(value).toBe('swallowed');
    }));

  it('around a group with several tasks gives one TimeoutError (TO-25)', () =>
    virtually(async () => {
      const error = await failure(() =>
        timeout(10, () =>
          withTaskGroup(async (tg) => {
            for (let i = 0; i < 5; i++) tg.spawn(() => sleepForever());
            await sleepForever();
          }),
        ),
      );
      expect(error).toBeInstanceOf(TimeoutError);
    }));

  it('has the message it was given (CS-25)', () =>
    virtually(async () => {
      expect(await failure(() => timeout(1, () => sleepForever(), { message: 'no answer from the archive' }))).toMatchObject({ message: 'no answer from the archive', name: 'TimeoutError' }); // prettier-ignore
      expect(await failure(() => timeoutAt(5, () => sleepForever()))).toMatchObject({ message: 'Timed out after its deadline' });
    }));

  it('shielded, inside a cancelled scope, still expires by itself (CS-23)', () =>
    virtually(async () => {
      await new CancelScope().run(async (outer) => {
        outer.cancel();
        expect(await failure(() => timeout(10, () => sleepForever(), { shield: true }))).toBeInstanceOf(TimeoutError);
        expect(now()).toBe(10);
      });
    }));

  it('cancelled by its own scope before the deadline rejects with CancelledError', () =>
    virtually(async () => {
      const error = await failure(() =>
        timeout(10, async (s) => {
          s.cancel('gave up');
          await checkpoint();
        }),
      );
      expect(error).toMatchObject({ code: 'OFFLOOP_CANCELLED', reason: 'gave up' });
      throwIfCancelled();
    }));

  it('leaves the work after the block unaffected (TA-27)', () =>
    virtually(async () => {
      const task = background(async () => {
        await failure(() => timeout(10, () => sleepForever()));
        await sleep(10);
        return 'went on';
      });
      expect([await task, task.state]).toEqual(['went on', 'done']);
    }));

  it('waits for the cleanup of the body', () =>
    virtually(async () => {
      await failure(() =>
        timeout(10, async () => {
          try {
            await sleepForever();
          } finally {
            await shield(() => sleep(40));
          }
        }),
      );
      expect(now()).toBe(50);
    }));

  it('rejects on time while a task that the body awaits runs on to its own result (WF-15)', () =>
    virtually(async () => {
      const task = background(() => sleep(50, 'result'));
      expect(await failure(() => timeout(10, () => task))).toBeInstanceOf(TimeoutError);
      expect([now(), task.state, await task]).toEqual([10, 'running', 'result']);
    }));

  it('within another one: the tighter limit wins', () =>
    virtually(async () => {
      const inner = await failure(() => timeout(100, () => timeout(10, () => sleepForever(), { message: 'inner' }), { message: 'outer' }));
      const outer = await failure(() => timeout(10, () => timeout(100, () => sleepForever(), { message: 'inner' }), { message: 'outer' }));
      expect([inner, outer]).toMatchObject([{ message: 'inner' }, { message: 'outer' }]);
      expect(now()).toBe(20);
    }));
});

describe('moveOnAfter', () => {
  it('goes on after the limit with undefined, the rest of the body skipped (CS-21)', () =>
    virtually(async () => {
      const log: string[] = [];
      let scope: CancelScope | undefined;
      const value = await moveOnAfter(10, async (s) => {
        scope = s;
        await sleep(100);
        log.push('rest');
      });
      expect([value, log, now(), scope?.cancelCalled, scope?.cancelledCaught]).toEqual([undefined, [], 10, true, true]);
    }));

  it('goes on with the fallback, also at 0 (CS-21)', () =>
    virtually(async () => {
      const value = await moveOnAfter(0, () => sleep(100, 'value'), { fallback: 5 });
      expectTypeOf(value).toEqualTypeOf<string | number>();
      expectTypeOf(await moveOnAfter(1, () => 'x')).toEqualTypeOf<string | undefined>();
      expect([value, now()]).toEqual([5, 0]);
    }));

  it('resolves with the value of a body that is early; null means no limit', () =>
    virtually(async () => {
      expect(await moveOnAfter(10, () => sleep(5, 'early'), { fallback: 'late' })).toBe('early');
      expect(await moveOnAfter(null, () => sleep(1e9, 'early'))).toBe('early');
    }));

  it('is ended by its own cancel() as by the limit', () =>
    virtually(async () => {
      const value = await moveOnAfter(10, (s) => (s.cancel(), sleepForever()), { fallback: 'moved on' });
      expect([value, now()]).toEqual(['moved on', 0]);
    }));

  it('lets a cancellation from outside through', () =>
    virtually(async () => {
      const task = background(() => moveOnAfter(1_000, () => sleepForever()));
      await waitAllTasksBlocked();
      task.cancel();
      await task.wait();
      expect(task.state).toBe('cancelled');
    }));

  it('shielded still ends by itself (CS-23)', () =>
    virtually(() =>
      new CancelScope().run(async (outer) => {
        outer.cancel();
        expect(await moveOnAfter(10, () => sleep(5, 'done'), { shield: true })).toBe('done');
        expect(await moveOnAfter(10, () => sleepForever(), { shield: true, fallback: 'moved on' })).toBe('moved on');
      }),
    ));
});

describe('shield', () => {
  it('passes the value through (SH-01)', () =>
    virtually(async () => {
      const value = await shield(() => sleep(10, 42));
      expectTypeOf(value).toEqualTypeOf<number>();
      expect(value).toBe(42);
    }));

  it('passes an error through (SH-01)', () =>
    virtually(async () => {
      expect(await failure(() => shield(() => Promise.reject(new Error('boom'))))).toMatchObject({ message: 'boom' });
    }));

  it('lets the body finish when the caller is cancelled; the caller throws at its next checkpoint after that (SH-03)', () =>
    virtually(async () => {
      const log: string[] = [];
      const task = background(async () => {
        log.push(await shield(() => sleep(50, `finished`)));
        log.push(`at ${now()}`);
        await checkpoint();
        log.push('never');
      });
      await sleep(10);
      task.cancel('stop');
      expect(await failure(task)).toMatchObject({ reason: 'stop' });
      expect(log).toEqual(['finished', 'at 50']);
    }));

  it('around each source of a gather that is cancelled: all works run to the end (SH-05)', () =>
    virtually(async () => {
      const ended: number[] = [];
      const work = async (ms: number): Promise<void> => {
        await sleep(ms);
        ended.push(ms);
      };
      const task = background(() => gather([() => shield(() => work(20)), () => shield(() => work(30))]));
      await sleep(10);
      task.cancel();
      await task.wait();
      expect([task.state, ended]).toEqual(['cancelled', [20, 30]]);
    }));

  it('gives up after its own limit with TimeoutError (SH-07)', () =>
    virtually(async () => {
      const task = background(async () => {
        try {
          await sleepForever();
        } finally {
          await shield(() => sleepForever(), { timeout: 30 });
        }
      });
      await sleep(10);
      task.cancel();
      expect(await failure(task)).toMatchObject({ name: 'TimeoutError', message: 'Timed out after 30 ms' });
      expect(now()).toBe(40);
    }));

  it('can be cancelled from inside', () =>
    virtually(async () => {
      expect(await failure(() => shield((s) => (s.cancel('inside'), sleepForever())))).toMatchObject({ reason: 'inside' });
    }));
});

const bad: [string, () => unknown, string][] = [
  ['timeout of NaN', () => timeout(NaN, () => {}), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected ms to be a number of milliseconds, got NaN (number)'],
  ['timeout of a string', () => timeout('10' as never, () => {}), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected ms to be a number of milliseconds, got '10' (string)"],
  ['timeout of undefined', () => timeout(undefined as never, () => {}), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected ms to be a number of milliseconds, got undefined'],
  ['timeout without a body', () => timeout(10, undefined as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected body to be a function, got undefined'],
  ['timeout with an unknown option', () => timeout(10, () => {}, { msg: 'x' } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.msg; known options are shield, message'],
  ['timeout with a wrong message', () => timeout(10, () => {}, { message: 5 as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.message to be a string, got 5 (number)'],
  ['timeout with a wrong shield', () => timeout(10, () => {}, { shield: 5 as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.shield to be a boolean, got 5 (number)'],
  ['timeoutAt NaN', () => timeoutAt(NaN, () => {}), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected when to be a point in time in milliseconds, got NaN (number)'],
  ['timeoutAt a string', () => timeoutAt('x' as never, () => {}), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected when to be a point in time in milliseconds, got 'x' (string)"],
  ['timeoutAt without a body', () => timeoutAt(5, null as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected body to be a function, got null'],
  ['moveOnAfter NaN', () => moveOnAfter(NaN, () => {}), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected ms to be a number of milliseconds, got NaN (number)'],
  ['moveOnAfter without a body', () => moveOnAfter(5, {} as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected body to be a function, got {} (object)'],
  ['moveOnAfter with an unknown option', () => moveOnAfter(5, () => {}, { message: 'x' } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.message; known options are shield, fallback'],
  ['shield without a body', () => shield(1 as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected body to be a function, got 1 (number)'],
  ['shield with a limit of NaN', () => shield(() => {}, { timeout: NaN }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.timeout to be a number of milliseconds, got NaN (number)'],
  ['shield with an unknown option', () => shield(() => {}, { ms: 1 } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.ms; known options are timeout'],
]; // prettier-ignore
it.each(bad)('%s is refused', async (_what, call, message) => {
  expect(await refusal(call)).toBe(message);
});
