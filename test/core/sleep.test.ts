import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { here } from '../../src/core/scope.ts';
import { now, sleep, sleepForever, sleepUntil } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

describe('sleep', () => {
  it('takes as long as it says, and resolves with the value it was given', () =>
    virtually(async () => {
      const value = await sleep(1_234.5, 'value');
      expectTypeOf(value).toEqualTypeOf<string>();
      expectTypeOf(await sleep(0)).toEqualTypeOf<void>();
      expect([value, now()]).toEqual(['value', 1_234.5]);
    }));

  it('of 0 lets what was scheduled before it run, and returns its value (TA-17)', () =>
    virtually(async () => {
      const log: string[] = [];
      setImmediate(() => log.push('scheduled before'));
      expect([await sleep(0, 'value'), log, now()]).toEqual(['value', ['scheduled before'], 0]);
      expect([await sleep(-5, 'negative'), now()]).toEqual(['negative', 0]);
    }));

  it('wakes by deadline, and in scheduling order when deadlines are equal', () =>
    virtually(async () => {
      const log: string[] = [];
      await withTaskGroup((tg) => {
        for (const [name, ms] of [['c', 20], ['a1', 10], ['a2', 10], ['b', 15]] as const) tg.spawn(async () => void log.push(await sleep(ms, name))); // prettier-ignore
      });
      expect(log).toEqual(['a1', 'a2', 'b', 'c']);
    }));

  it('stops at once when cancelled, and its timer is gone', () =>
    virtually(async ({ clock }) => {
      let woken = 0;
      await new CancelScope().run(async (s) => {
        setImmediate(() => s.cancel());
        await sleep(100);
        woken++;
      });
      expect(now()).toBe(0);
      await clock.jump(200);
      expect(woken).toBe(0);
    }));

  it('that fires in the tick of a cancel which comes after it was not cancelled: the next checkpoint throws', () =>
    virtually(async () => {
      const log: string[] = [];
      await moveOnAfter(10, async () => {
        await sleep(5);
        log.push('woke');
      });
      await new CancelScope().run(async (s) => {
        const sleeper = sleep(10, 'slept');
        here().runtime.clock.setTimer(now() + 10, () => s.cancel());
        log.push(await sleeper);
        await checkpoint();
        log.push('never');
      });
      expect(log).toEqual(['woke', 'slept']);
    }));

  it('in a cancelled scope throws before it did anything', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        s.cancel();
        for (const call of [() => sleep(0), () => sleep(10, 1), () => sleepUntil(10), () => sleepForever()]) {
          expect(await failure(call)).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
        }
        expect(now()).toBe(0);
      }),
    ));

  it('longer than a Node timer can be works', () =>
    virtually(async () => {
      await sleep(2 ** 31 + 5);
      expect(now()).toBe(2 ** 31 + 5);
    }));
});

describe('sleepUntil', () => {
  it('sleeps until that point in time; one that has passed lets the loop go round', () =>
    virtually(async () => {
      await sleepUntil(40);
      await sleepUntil(10);
      expect(now()).toBe(40);
    }));
});

describe('sleepForever', () => {
  it('sleeps until cancelled', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const task = tg.spawn(() => sleepForever());
        await sleep(1e12);
        await waitAllTasksBlocked();
        expect(task.state).toBe('running');
        task.cancel();
        await task.wait();
        expect(task.state).toBe('cancelled');
      }),
    ));
});

const bad: [string, () => unknown, string][] = [
  ['sleep of NaN (TA-15)', () => sleep(NaN), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected ms to be a number of milliseconds, got NaN (number)'],
  ['sleep of a string', () => sleep('1' as never), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected ms to be a number of milliseconds, got '1' (string)"],
  ['sleep of nothing', () => sleep(undefined as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected ms to be a number of milliseconds, got undefined'],
  ['sleepUntil NaN', () => sleepUntil(NaN), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected when to be a point in time in milliseconds, got NaN (number)'],
  ['sleepUntil a date', () => sleepUntil(new Date(0) as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected when to be a point in time in milliseconds, got 1970-01-01T00:00:00.000Z (object)'],
]; // prettier-ignore
it.each(bad)('%s is refused', async (_what, call, message) => {
  expect(await refusal(call)).toBe(message);
});
