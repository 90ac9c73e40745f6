import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { Deferred } from '../../src/core/deferred.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { currentTask } from '../../src/core/task.ts';
import type { Task } from '../../src/core/task.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { wait } from '../../src/core/wait.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

const failAfter = async (ms: number, text: string): Promise<never> => {
  await sleep(ms);
  throw new Error(text);
};
const names = (tasks: Iterable<Task<unknown>>): string[] => [...tasks].map((t) => t.name);
const after = (ms: number, name = `after ${ms}`): Task<void> => background(() => sleep(ms), { name });
const failing = (ms: number): Task<never> => background(() => failAfter(ms, `failed after ${ms}`), { name: `fails after ${ms}` });

describe('wait', () => {
  it('for all: everything is done, and finished tasks are done at once (WA-01)', () =>
    virtually(async () => {
      const a = background(() => sleep(20, 'a'));
      const b = background(() => sleep(10, 'b'));
      const first = await wait([a, b]);
      expectTypeOf(first.done).toEqualTypeOf<Set<Task<string>>>();
      expect([[...first.done], first.pending.size, now()]).toEqual([[a, b], 0, 20]);
      const again = await wait(new Set([a, b]));
      expect([again.done.size, again.pending.size, now()]).toEqual([2, 0, 20]);
    }));

  it('for the first: the others are pending and go on (WA-01)', () =>
    virtually(async () => {
      const fast = after(10);
      const slow = after(20);
      const { done, pending } = await wait([slow, fast], { until: 'first' });
      expect([names(done), names(pending), now()]).toEqual([['after 10'], ['after 20'], 10]);
      await slow;
      expect(now()).toBe(20);
    }));

  it('for the first failure: others are pending; without one it waits for all (WA-07)', () =>
    virtually(async () => {
      const { done, pending } = await wait([after(5), failing(10), after(20)], { until: 'firstError' });
      expect([names(done), names(pending), now()]).toEqual([['after 5', 'fails after 10'], ['after 20'], 10]);
      for (const task of done) task.error();
      const calm = await wait([after(5), after(30)], { until: 'firstError' });
      expect([calm.done.size, now()]).toEqual([2, 40]);
    }));

  it('for the first failure returns at once when one has failed before', () =>
    virtually(async () => {
      const failed = failing(1);
      await failed.wait();
      const { pending } = await wait([after(50), failed], { until: 'firstError' });
      expect([names(pending), now(), (failed.error() as Error).message]).toEqual([['after 50'], 1, 'failed after 1']);
    }));

  it('does not take a cancelled task for a failed one (WA-13)', () =>
    virtually(async () => {
      const cancelled = background(() => sleepForever());
      const waiting = background(() => wait([cancelled, after(30)], { until: 'firstError' }));
      await sleep(10);
      cancelled.cancel();
      expect((await waiting).done.size).toBe(2);
      expect(now()).toBe(30);
    }));

  it('reports tasks that finish before the waiter resumes as done (WA-05)', () =>
    virtually(async () => {
      const gate = new Deferred<void>();
      const a = background(async () => await gate);
      const b = background(async () => await gate);
      const waiting = wait([a, b], { until: 'first' });
      await waitAllTasksBlocked();
      gate.resolve();
      expect((await waiting).done.size).toBe(2);
    }));

  it('splits into done and pending when the time is over, without an error or a cancel (WA-09)', () =>
    virtually(async () => {
      const fast = after(10);
      const slow = after(30);
      const { done, pending } = await wait([fast, slow], { timeout: 20 });
      expect([names(done), names(pending), now(), slow.state]).toEqual([['after 10'], ['after 30'], 20, 'running']);
      await slow;
    }));

  it.each([0, -1, -Infinity])('with a timeout of %d tells how things stand', (timeout) =>
    virtually(async () => {
      const over = background(() => 1);
      await over;
      const { done, pending } = await wait([over, after(10)], { timeout });
      expect([done.size, pending.size, now()]).toEqual([1, 1, 0]);
    }),
  );

  it('takes null and Infinity for no limit', () =>
    virtually(async () => {
      await wait([after(10)], { timeout: null });
      await wait([after(10)], { timeout: Infinity });
      expect(now()).toBe(20);
    }));

  it('counts the same task once', () =>
    virtually(async () => {
      const task = after(10);
      expect((await wait([task, task])).done).toEqual(new Set([task]));
    }));

  it('leaves the tasks running when it is cancelled, and lets go of them (WA-11)', () =>
    virtually(async () => {
      const task = after(30);
      expect(await moveOnAfter(10, () => wait([task]))).toBeUndefined();
      expect(task.state).toBe('running');
      await task;
      const scope = new CancelScope();
      scope.cancel();
      await scope.run(async () => expect(await failure(() => wait([task]))).toBeInstanceOf(CancelledError));
    }));

  it('keeps its result when it is cancelled in the tick in which it ends; the next checkpoint throws', () =>
    virtually(async () => {
      const gate = new Deferred<number>();
      const task = background(async () => await gate);
      let result: unknown;
      const waiter = background(async () => {
        result = await wait([task]);
        await checkpoint();
      });
      await waitAllTasksBlocked();
      task.onSettled(() => waiter.cancel());
      gate.resolve(1);
      await waiter.wait();
      expect([waiter.state, result]).toEqual(['cancelled', { done: new Set([task]), pending: new Set() }]);
    }));

  it('does not throw, and does not hide, what a task failed with', () =>
    virtually(async ({ reports }) => {
      const early = failing(10);
      await wait([early, failing(30)]);
      expect(reports).toEqual([]); // the caller can still look
      early.error();
      await turns(3);
      expect(reports.map((r) => (r.error as Error).message)).toEqual(['failed after 30']);
    }));

  it('reports a failure once, also when several wait for the task', () =>
    virtually(async ({ reports }) => {
      const task = failing(10);
      await Promise.all([wait([task]), wait([task, after(20)])]);
      await turns(3);
      expect(reports.map((r) => r.message)).toEqual(['Task exception was never retrieved']);
    }));

  it.each<[unknown, unknown, string]>([
    [[], {}, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected tasks to be at least one task, got [] (object)'],
    [undefined, {}, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected tasks to be an iterable of tasks, got undefined'],
    ['tasks', {}, "TypeError OFFLOOP_INVALID_ARGUMENT: Expected tasks to be an iterable of tasks, got 'tasks' (string)"],
    [[Promise.resolve()], {}, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected tasks[0] to be a task, got Promise { undefined } (object)'],
    ['a task', { until: 'second' }, "RangeError OFFLOOP_OUT_OF_RANGE: Expected options.until to be one of 'all', 'first', 'firstError', got 'second' (string)"], // prettier-ignore
    [
      'a task',
      { timeout: NaN },
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.timeout to be a number of milliseconds, got NaN (number)',
    ],
    [
      'a task',
      { timeout: '1' },
      "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.timeout to be a number of milliseconds, got '1' (string)",
    ],
    [
      'a task',
      { until: null },
      "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.until to be one of 'all', 'first', 'firstError', got null",
    ],
    ['a task', { unti: 1 }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.unti; known options are timeout, until'],
  ])('refuses %o with %o (WA-03)', (tasks, options, message) =>
    virtually(async () => {
      const given = tasks === 'a task' ? [after(1)] : tasks;
      expect(await refusal(() => wait(given as Task<unknown>[], options as object))).toBe(message);
    }),
  );

  it('refuses a single task, and the task that calls', () =>
    virtually(async () => {
      expect(await refusal(() => wait(after(1) as never))).toMatch('Expected tasks to be an iterable of tasks, got');
      expect(await refusal(() => wait([currentTask() as Task<unknown>]))).toMatch('cannot await itself');
    }));
});

it('ends when it must and says what is true, over random completions, failures and cancellations', async () => {
  const job = fc.record({ at: fc.integer({ min: 0, max: 20 }), how: fc.constantFrom('value', 'error', 'cancel') });
  const until = fc.constantFrom('all', 'first', 'firstError');
  const limit = (fraction: number): fc.Arbitrary<number | null> => fc.option(fc.integer({ min: 0, max: 25 }).map((n) => n + fraction));
  await fc.assert(
    fc.asyncProperty(fc.array(job, { minLength: 1, maxLength: 8 }), until, limit(0.5), limit(0.25), (jobs, until, timeout, cancelAt) =>
      virtually(async () => {
        const tasks = jobs.map(({ at, how }) =>
          background(async () => {
            await sleep(at);
            if (how === 'error') throw new Error('planned');
            if (how === 'cancel') throw new CancelledError();
          }),
        );
        const result = await moveOnAfter(cancelAt, () => wait(tasks, { until, timeout }));
        const took = now();
        const ats = jobs.map(({ at }) => at);
        const errors = jobs.filter(({ how }) => how === 'error').map(({ at }) => at);
        const natural = { all: Math.max(...ats), first: Math.min(...ats), firstError: Math.min(Math.max(...ats), ...errors) }[until];
        expect(took).toBe(Math.min(natural, timeout ?? Infinity, cancelAt ?? Infinity));
        expect(result === undefined).toBe(cancelAt !== null && cancelAt < Math.min(natural, timeout ?? Infinity));
        if (result !== undefined) {
          expect([...result.done, ...result.pending].length).toBe(tasks.length);
          for (const task of tasks) expect(result.done.has(task)).toBe(task.settled);
        }
        await Promise.all(tasks.map((t) => t.catch(() => {})));
      }),
    ),
    { numRuns: 60 },
  );
});
