import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError, TimeoutError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { Deferred } from '../../src/core/deferred.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { currentTask } from '../../src/core/task.ts';
import { moveOnAfter, shield, timeout } from '../../src/core/timeout.ts';
import { waitFor } from '../../src/core/wait-for.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

/** Ignores being cancelled until its time has come. */
const resists = async (ms: number): Promise<string> => {
  await shield(() => sleep(ms));
  return 'done anyway';
};
const swallows = async (): Promise<number> => {
  try {
    return await sleepForever();
  } catch {
    return 42;
  }
};

describe('waitFor', () => {
  it('gives the value of a function, a task, a promise or a Deferred that comes in time', () =>
    virtually(async () => {
      const value = await waitFor(() => sleep(10, 'a'), 20);
      expectTypeOf(value).toEqualTypeOf<string>();
      const later = new Deferred<string>();
      background(() => sleep(10).then(() => later.resolve('d')));
      expect([
        value,
        await waitFor(
          background(() => sleep(10, 'b')),
          20,
        ),
        await waitFor(Promise.resolve('c'), 20),
      ]).toEqual(['a', 'b', 'c']);
      expect([await waitFor(later, 20), now()]).toEqual(['d', 20]);
    }));

  it('waits without a limit for null and Infinity (WF-07)', () =>
    virtually(async () => {
      expect(await waitFor(() => sleep(10 ** 10, 'late'), null)).toBe('late');
      expect(await waitFor(() => sleep(10 ** 10, 'late'), Infinity)).toBe('late');
    }));

  it.each([0, -1, -Infinity])('gives what has settled even with %d milliseconds (WF-03)', (ms) =>
    virtually(async () => {
      const task = background(() => 'task');
      await task;
      const deferred = new Deferred<string>();
      deferred.resolve('deferred');
      const outcomes = [await waitFor(task, ms), await waitFor(Promise.resolve('promise'), ms), await waitFor(deferred, ms)];
      expect(outcomes).toEqual(['task', 'promise', 'deferred']);
      expect(await failure(() => waitFor(Promise.reject(new Error('rejected')), ms))).toMatchObject({ message: 'rejected' });
      expect(
        await failure(() =>
          waitFor(
            background(() => Promise.reject(new Error('failed'))),
            null,
          ),
        ),
      ).toMatchObject({ message: 'failed' });
      expect(now()).toBe(0);
    }),
  );

  it.each([0, -1])('with %d milliseconds cancels a running task, lets it clean up, and throws TimeoutError (WF-05)', (ms) =>
    virtually(async () => {
      const log: string[] = [];
      const task = background(async () => {
        try {
          await sleepForever();
        } finally {
          await shield(() => sleep(5));
          log.push('cleaned up');
        }
      });
      await waitAllTasksBlocked();
      expect(await failure(() => waitFor(task, ms))).toBeInstanceOf(TimeoutError);
      expect([log, task.state, now()]).toEqual([['cleaned up'], 'cancelled', 5]);
    }),
  );

  it('runs a function without any time to its first checkpoint', () =>
    virtually(async () => {
      const log: string[] = [];
      const error = await failure(() =>
        waitFor(async () => {
          log.push('begun');
          await checkpoint();
          log.push('never');
        }, 0),
      );
      expect([error, log]).toEqual([expect.any(TimeoutError), ['begun']]);
    }));

  it('throws a TimeoutError with the deadline and the CancelledError as its cause', () =>
    virtually(async () => {
      await sleep(5);
      const error = await failure(() => waitFor(() => sleepForever(), 10));
      expect(error).toMatchObject({ message: 'Timed out after 10 ms', deadline: 15, cause: expect.any(CancelledError) as unknown });
      expect((error as { cause: CancelledError }).cause.source).toBe('deadline');
    }));

  it('stops waiting for a promise when the time is over, and its late rejection is nobody’s', () =>
    virtually(async () => {
      let reject: (e: Error) => void = () => {};
      const promise = new Promise<never>((_, r) => (reject = r));
      expect(await failure(() => waitFor(promise, 10))).toBeInstanceOf(TimeoutError);
      reject(new Error('late'));
      await turns(3); // an unhandled rejection would fail the test run
    }));

  it('waits for a source that resists its cancellation, and gives its value (WF-09, WF-13)', () =>
    virtually(async () => {
      expect(await waitFor(() => resists(50), 10)).toBe('done anyway');
      expect(now()).toBe(50);
      expect(await waitFor(swallows, 10)).toBe(42);
      expect(await waitFor(background(swallows), 10)).toBe(42);
    }));

  it('throws the error of the cleanup instead of TimeoutError (WF-11)', () =>
    virtually(async ({ reports }) => {
      const boom = new Error('boom');
      const work = async (): Promise<void> => {
        try {
          await sleepForever();
        } finally {
          // oxlint-disable-next-line no-unsafe-finally -- the error that replaces another
          throw boom;
        }
      };
      expect(await failure(() => waitFor(work, 10))).toBe(boom);
      expect(await failure(() => waitFor(background(work), 10))).toBe(boom);
      await turns(3);
      expect(reports).toEqual([]);
    }));

  it('to leave a task running, there is timeout: awaiting never cancels (WF-15)', () =>
    virtually(async () => {
      const task = background(() => sleep(30, 'result'));
      expect(await failure(() => timeout(10, () => task))).toBeInstanceOf(TimeoutError);
      expect([task.state, await task]).toEqual(['running', 'result']);
    }));
});

describe('when the caller is cancelled', () => {
  it('the source is cancelled, and waited for while it resists (WF-01)', () =>
    virtually(async () => {
      for (const given of [false, true]) {
        const start = now();
        const source = (): Promise<string> => resists(50);
        const waiter = background(() => waitFor(given ? background(source) : source, 1000));
        await waitAllTasksBlocked();
        waiter.cancel('stop');
        await waiter.wait();
        expect([waiter.state, now() - start]).toEqual(['done', 50]); // its value was not lost
      }
    }));

  it('a given task of another scope is cancelled too, with the same reason', () =>
    virtually(async () => {
      const task = background(() => sleepForever());
      const waiter = background(() => waitFor(task, null));
      await waitAllTasksBlocked();
      waiter.cancel('stop');
      expect(await failure(waiter)).toMatchObject({ reason: 'stop' });
      expect(task.error()).toMatchObject({ reason: 'stop' });
    }));

  it('while the source cleans up after the limit, the cancellation comes out, not TimeoutError', () =>
    virtually(async () => {
      const waiter = background(() =>
        waitFor(async () => {
          try {
            await sleepForever();
          } finally {
            await shield(() => sleep(50));
          }
        }, 10),
      );
      await sleep(20);
      waiter.cancel('stop');
      expect(await failure(waiter)).toMatchObject({ reason: 'stop' });
      expect(now()).toBe(60);
    }));

  it('in the tick in which the source ends, the value counts and the next checkpoint throws', () =>
    virtually(async () => {
      const gate = new Deferred<string>();
      const inner = background(async () => await gate);
      let value: unknown;
      const waiter = background(async () => {
        value = await waitFor(inner, 100);
        await checkpoint();
      });
      await waitAllTasksBlocked();
      inner.onSettled(() => waiter.cancel());
      gate.resolve('done');
      await waiter.wait();
      expect([waiter.state, value]).toEqual(['cancelled', 'done']);
    }));

  it('before the call, nothing is started, a task is left alone and a promise is handled', () =>
    virtually(async () => {
      const log: string[] = [];
      const task = background(() => sleep(10));
      await new CancelScope().run(async (s) => {
        s.cancel();
        expect(await failure(() => waitFor(() => log.push('started'), 10))).toBeInstanceOf(CancelledError);
        expect(await failure(() => waitFor(task, 10))).toBeInstanceOf(CancelledError);
        expect(await failure(() => waitFor(Promise.reject(new Error('early')), 10))).toBeInstanceOf(CancelledError);
      });
      await turns(3);
      expect([log, task.state]).toEqual([[], 'running']);
      await task;
    }));
});

it('a task that was cancelled by somebody else rejects with CancelledError, and the caller is not cancelled', () =>
  virtually(async () => {
    const task = background(() => sleepForever());
    background(() => sleep(5).then(() => task.cancel('elsewhere')));
    expect(await failure(() => waitFor(task, 10))).toMatchObject({ reason: 'elsewhere' });
    await checkpoint();
  }));

it('a child of a group that is stopped by the limit does not fail its group', () =>
  virtually(async () => {
    await withTaskGroup(async (tg) => {
      const child = tg.spawn(() => sleepForever());
      expect(await failure(() => waitFor(child, 10))).toBeInstanceOf(TimeoutError);
    });
    expect(now()).toBe(10);
  }));

it('inside a time limit that expires first, that one wins', () =>
  virtually(async () => {
    const value = await moveOnAfter(5, () => waitFor(() => sleepForever(), 10), { fallback: 'outer' });
    expect([value, now()]).toEqual(['outer', 5]);
  }));

it('refuses what cannot be waited for, before anything is started', () =>
  virtually(async () => {
    const log: string[] = [];
    const start = (): number => log.push('started');
    expect(await refusal(() => waitFor(5 as never, 10))).toBe(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected src to be a function, a task or a promise, got 5 (number)',
    );
    expect(await refusal(() => waitFor(start, NaN))).toMatch('RangeError OFFLOOP_OUT_OF_RANGE: Expected ms');
    expect(await refusal(() => waitFor(start, undefined as never))).toMatch('TypeError OFFLOOP_INVALID_ARGUMENT: Expected ms');
    expect(await refusal(() => waitFor(currentTask() as never, 10))).toMatch(
      'InvalidStateError OFFLOOP_INVALID_STATE: Task "main" cannot await itself',
    );
    expect(log).toEqual([]);
  }));
