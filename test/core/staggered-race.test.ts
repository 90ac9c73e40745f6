import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { Deferred } from '../../src/core/deferred.ts';
import { here } from '../../src/core/scope.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { staggeredRace } from '../../src/core/staggered-race.ts';
import { currentTask } from '../../src/core/task.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

const failAfter = (ms: number, text: string) => async (): Promise<never> => {
  await sleep(ms);
  throw new Error(text);
};
const wins = (ms: number, value: string) => () => sleep(ms, value);
const messages = (errors: unknown[]): unknown[] => errors.map((e) => (e as Error | null)?.message ?? e);
const cancelled = expect.any(CancelledError) as unknown;

describe('staggeredRace', () => {
  it('of nothing has no winner and no errors (SR-01)', () =>
    virtually(async () => {
      expect(await staggeredRace([], null)).toEqual({ winner: null, errors: [] });
    }));

  it('with one that succeeds has it as the winner', () =>
    virtually(async () => {
      const result = await staggeredRace([wins(10, 'a')], null);
      expectTypeOf(result.winner).toEqualTypeOf<{ value: string; index: number } | null>();
      expect(result).toEqual({ winner: { value: 'a', index: 0 }, errors: [null] });
    }));

  it('starts the next when the delay is over; the slower are stopped', () =>
    virtually(async () => {
      const started: number[] = [];
      const attempt = (ms: number) => async () => {
        started.push(now());
        return sleep(ms, `after ${ms}`);
      };
      const result = await staggeredRace([attempt(1000), attempt(1000), attempt(20), attempt(5)], 50);
      expect(result).toEqual({ winner: { value: 'after 20', index: 2 }, errors: [cancelled, cancelled, null] });
      expect([started, now()]).toEqual([[0, 50, 100], 120]);
    }));

  it('starts the next at once when the one before has failed (SR-03)', () =>
    virtually(async () => {
      const result = await staggeredRace([failAfter(10, 'first'), wins(10, 'second')], 1000);
      expect([result.winner, messages(result.errors), now()]).toEqual([{ value: 'second', index: 1 }, ['first', null], 20]);
    }));

  it('a failure of an older one does not start the next', () =>
    virtually(async () => {
      const started: number[] = [];
      const third = async (): Promise<string> => {
        started.push(now());
        return 'third';
      };
      await staggeredRace([failAfter(60, 'old'), () => sleepForever(), third], 50);
      expect(started).toEqual([100]);
    }));

  it('without a delay starts the next only on failure', () =>
    virtually(async () => {
      const result = await staggeredRace([wins(10 ** 6, 'patient'), wins(1, 'never started')], null);
      expect(result).toEqual({ winner: { value: 'patient', index: 0 }, errors: [null] });
    }));

  it.each([0, -1])('with a delay of %d starts all', (delay) =>
    virtually(async () => {
      const result = await staggeredRace([wins(30, 'a'), wins(20, 'b'), wins(10, 'c')], delay);
      expect([result.winner?.index, now()]).toEqual([2, 10]);
    }),
  );

  it('with no success lists all errors, and has no winner (SR-05)', () =>
    virtually(async ({ reports }) => {
      const result = await staggeredRace([failAfter(30, 'a'), failAfter(30, 'b'), failAfter(5, 'c')], 10);
      expect([result.winner, messages(result.errors), now()]).toEqual([null, ['a', 'b', 'c'], 40]);
      await turns(3);
      expect(reports).toEqual([]);
    }));

  it('has one winner when two end in the same tick: the first to end', () =>
    virtually(async () => {
      const gate = new Deferred<void>();
      const attempt = (i: number) => async () => {
        await gate;
        return i;
      };
      const opener = async (): Promise<never> => {
        gate.resolve();
        return sleepForever();
      };
      const result = await staggeredRace<number>([attempt(0), attempt(1), opener], 100);
      expect([result.winner, result.errors[0], result.errors[2]]).toEqual([{ value: 0, index: 0 }, null, cancelled]);
    }));

  it('waits for the cleanup of the losers, and lists what they throw in it', () =>
    virtually(async () => {
      const loser = async (): Promise<never> => {
        await sleepForever().catch(() => {});
        await shield(() => sleep(30));
        throw new Error('unwinding');
      };
      const result = await staggeredRace<string>([loser, wins(10, 'b')], 5);
      expect([result.winner?.value, messages(result.errors), now()]).toEqual(['b', ['unwinding', null], 45]);
    }));

  it('each attempt is a task of its own', () =>
    virtually(async () => {
      const result = await staggeredRace([async function attempt() { return currentTask()?.name; }], null); // prettier-ignore
      expect(result.winner?.value).toBe('attempt');
    }));
});

describe('when the caller is cancelled', () => {
  it('all attempts are cancelled and joined; what one returns in spite of it does not win', () =>
    virtually(async () => {
      const log: string[] = [];
      const resists = async (): Promise<string> => {
        await sleepForever().catch(() => log.push('cancelled'));
        await shield(() => sleep(20));
        return 'in spite of it';
      };
      const outcome = await moveOnAfter(15, () => staggeredRace([resists, resists, resists], 10), { fallback: 'stopped' });
      expect([outcome, log, now()]).toEqual(['stopped', ['cancelled', 'cancelled'], 35]);
    }));

  it('an error of the cleanup is reported; earlier failures are not', () =>
    virtually(async ({ reports }) => {
      const bad = async (): Promise<never> => {
        await sleepForever().catch(() => {});
        throw new Error('unwinding');
      };
      await moveOnAfter(15, () => staggeredRace([failAfter(5, 'planned'), bad], null));
      expect(reports.map((r) => (r.error as Error).message)).toEqual(['unwinding']);
    }));

  it('after the win, the value counts and the next checkpoint throws', () =>
    virtually(async () => {
      let result: unknown;
      const racer = background(async () => {
        result = await staggeredRace<unknown>([() => shield(() => sleep(30)).then(() => checkpoint()), wins(10, 'b')], 5);
        await checkpoint();
      });
      await sleep(20);
      racer.cancel();
      await racer.wait();
      expect([result, racer.state]).toEqual([{ winner: { value: 'b', index: 1 }, errors: [cancelled, null] }, 'cancelled']);
    }));

  it('before the call, nothing is started', () =>
    virtually(async () => {
      let ran = false;
      await new CancelScope().run(async (s) => {
        s.cancel();
        expect(await failure(() => staggeredRace([() => (ran = true)], null))).toBeInstanceOf(CancelledError);
      });
      expect(ran).toBe(false);
    }));
});

it('leaves nothing behind', () =>
  virtually(async () => {
    await staggeredRace([() => sleepForever(), failAfter(1, 'a'), wins(5, 'b')], 10);
    expect(here().first).toBeNull();
  }));

it('refuses what is not functions, and a delay that is none', () =>
  virtually(async () => {
    const fn = (): void => expect.fail('called');
    expect(await refusal(() => staggeredRace(fn as never, null))).toMatch(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fns to be an iterable',
    );
    expect(await refusal(() => staggeredRace([fn, background(() => 1) as never], null))).toMatch('Expected fns[1] to be a function');
    expect(await refusal(() => staggeredRace([fn], NaN))).toMatch('RangeError OFFLOOP_OUT_OF_RANGE: Expected delay');
    expect(await refusal(() => staggeredRace([fn], undefined as never))).toMatch('TypeError OFFLOOP_INVALID_ARGUMENT: Expected delay');
  }));
