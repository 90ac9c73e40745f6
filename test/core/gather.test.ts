import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint, throwIfCancelled } from '../../src/core/checkpoint.ts';
import { currentScope } from '../../src/core/current-scope.ts';
import { gather } from '../../src/core/gather.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

const failAfter = async (ms: number, text: string): Promise<never> => {
  await sleep(ms);
  throw new Error(text);
};

describe('gather', () => {
  it('gives the values in the order of the sources, whatever the order of completion (GA-01)', () =>
    virtually(async () => {
      const values = await gather([() => sleep(30, 'a'), () => sleep(10, 2), async () => true]);
      expectTypeOf(values).toEqualTypeOf<[string, number, boolean]>();
      expect([values, now()]).toEqual([['a', 2, true], 30]);
    }));

  it('of nothing is nothing', () =>
    virtually(async () => {
      expect(await gather([])).toEqual([]);
      expect(await gather([], { settle: true })).toEqual([]);
    }));

  it('starts functions in order, one microtask later, never inside the call', () =>
    virtually(async () => {
      const log: string[] = [];
      const gathering = gather([() => log.push('a'), () => log.push('b')]);
      log.push('called');
      await gathering;
      expect(log).toEqual(['called', 'a', 'b']);
    }));

  it('takes functions, tasks and promises together; a promise that rejects early is handled (GA-17)', () =>
    virtually(async () => {
      const task = background(() => sleep(10, 'task'));
      expect(await gather([() => sleep(20, 'function'), task, Promise.resolve('promise')])).toEqual(['function', 'task', 'promise']);
      const early = Promise.reject(new Error('early'));
      expect(await failure(() => gather([() => sleep(20), early]))).toMatchObject({ message: 'early' });
      const refused = Promise.reject(new Error('in a cancelled scope'));
      await new CancelScope().run(async (s) => {
        s.cancel();
        expect(await failure(() => gather([refused]))).toBeInstanceOf(CancelledError);
      });
      await turns(3); // an unhandled rejection would fail the test run
    }));

  it('awaits a promise that another task resolves later', () =>
    virtually(async () => {
      let resolve: (v: string) => void = () => {};
      const promise = new Promise<string>((r) => (resolve = r));
      expect(await gather([promise, () => sleep(10).then(() => resolve('resolved'))])).toEqual(['resolved', undefined]);
    }));

  it('the same task twice is awaited once, the same function twice runs twice (GA-07)', () =>
    virtually(async () => {
      let ran = 0;
      const fn = (): number => ++ran;
      const task = background(() => sleep(10, 'once'));
      const promise = Promise.resolve('promise');
      expect(await gather([task, fn, task, fn, promise, promise])).toEqual(['once', 1, 'once', 2, 'promise', 'promise']);
    }));

  it('runs at most `limit` functions at once', () =>
    virtually(async () => {
      let running = 0;
      let most = 0;
      const work = async (): Promise<number> => {
        most = Math.max(most, ++running);
        await sleep(10);
        return running--;
      };
      await gather(
        Array.from({ length: 7 }, () => work),
        { limit: 3 },
      );
      expect([most, now()]).toEqual([3, 30]);
    }));

  it('hands each function the signal of the gathering', () =>
    virtually(async ({ task }) => {
      let aborted = false;
      await moveOnAfter(10, () =>
        gather([
          async (ctx) => {
            expect(ctx.task).toBe(task);
            ctx.signal.addEventListener('abort', () => (aborted = true));
            await sleepForever();
          },
        ]),
      );
      expect(aborted).toBe(true);
    }));

  it('keeps the async context of each function apart (TA-21)', () =>
    virtually(async () => {
      const storage = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      const work = (name: string) => async (): Promise<void> => {
        seen.push(storage.getStore());
        storage.enterWith(name);
        await checkpoint();
        seen.push(storage.getStore());
      };
      await storage.run('outside', () => gather([work('a'), work('b'), work('c')], { limit: 1 }));
      expect(seen).toEqual(['outside', 'a', 'outside', 'b', 'outside', 'c']);
    }));
});

describe('when one fails', () => {
  it('gather rejects with the error itself, once the other functions were cancelled and joined', () =>
    virtually(async () => {
      const boom = new Error('boom');
      const log: string[] = [];
      const error = await failure(() =>
        gather([
          () => sleep(10).then(() => Promise.reject(boom)),
          async () => {
            try {
              await sleepForever();
            } finally {
              await shield(() => sleep(5));
              log.push(`cleaned up at ${now()}`);
            }
          },
        ]),
      );
      expect([error, log]).toEqual([boom, ['cleaned up at 15']]);
      throwIfCancelled();
    }));

  it('tasks and promises among the sources are only no longer awaited', () =>
    virtually(async () => {
      const task = background(() => sleep(50, 'task'));
      const never = new Promise(() => {});
      await failure(() => gather([task, never, () => failAfter(10, 'boom')]));
      expect([now(), task.state, await task]).toEqual([10, 'running', 'task']);
    }));

  it("a sibling's later error goes to the exception handler (GA-09)", () =>
    virtually(async ({ reports }) => {
      const error = await failure(() =>
        gather([
          () => failAfter(10, 'first'),
          async () => {
            try {
              await sleepForever();
            } catch {
              throw new Error('second');
            }
          },
        ]),
      );
      expect(error).toMatchObject({ message: 'first' });
      expect(reports).toEqual([{ message: 'Another error in gather', error: expect.objectContaining({ message: 'second' }) }]);
    }));

  it('a task that fails after gather has given up is not forgotten', () =>
    virtually(async ({ reports }) => {
      const task = background(() => failAfter(50, 'late'));
      await failure(() => gather([task, () => failAfter(10, 'first')]));
      await sleep(100);
      expect(reports).toMatchObject([{ message: 'Task exception was never retrieved', error: { message: 'late' } }]);
    }));

  it('a promise that rejects after gather has given up is handled', () =>
    virtually(async () => {
      let reject: (e: Error) => void = () => {};
      const promise = new Promise((_r, rej) => (reject = rej));
      await failure(() => gather([promise, () => failAfter(10, 'first')]));
      reject(new Error('late'));
      await turns(3);
    }));

  it('further functions behind the limit still run to their first checkpoint', () =>
    virtually(async () => {
      const began: number[] = [];
      const work = (i: number) => async (): Promise<void> => {
        began.push(i);
        await sleep(10);
        if (i === 0) throw new Error('boom');
      };
      await failure(() => gather([0, 1, 2].map(work), { limit: 1 }));
      expect(began).toEqual([0, 1, 2]);
    }));

  it('a task source that is cancelled elsewhere: gather rejects with CancelledError, but the caller is not cancelled (GA-05)', () =>
    virtually(async () => {
      const task = background(() => sleepForever());
      const gathering = failure(() => gather([task, () => sleepForever()]));
      await waitAllTasksBlocked();
      task.cancel('elsewhere');
      expect(await gathering).toMatchObject({ code: 'OFFLOOP_CANCELLED', reason: 'elsewhere' });
      throwIfCancelled();
      await checkpoint();
    }));
});

describe('settle', () => {
  it('waits for all, keeps the order, and gives errors as entries (GA-03)', () =>
    virtually(async () => {
      const boom = new Error('boom');
      const entries = await gather([() => Promise.reject(boom), () => sleep(20, 'late'), Promise.resolve(3)], { settle: true });
      expectTypeOf(entries).toEqualTypeOf<[PromiseSettledResult<never>, PromiseSettledResult<string>, PromiseSettledResult<number>]>();
      expect(entries).toEqual([
        { status: 'rejected', reason: boom },
        { status: 'fulfilled', value: 'late' },
        { status: 'fulfilled', value: 3 },
      ]);
    }));

  it("does not swallow the caller's cancellation; the reason is kept (GA-11)", () =>
    virtually(async () => {
      const task = background(() => gather([() => sleepForever(), () => sleepForever()], { settle: true }));
      await waitAllTasksBlocked();
      task.cancel('my message');
      expect(await failure(task)).toMatchObject({ reason: 'my message' });
    }));

  it('gives a source that was cancelled by itself as an entry', () =>
    virtually(async () => {
      const task = background(() => sleepForever());
      task.cancel('it');
      expect(await gather([task, () => 1], { settle: true })).toMatchObject([
        { status: 'rejected', reason: { reason: 'it' } },
        { value: 1 },
      ]);
    }));
});

describe('when the caller is cancelled', () => {
  it('the functions are cancelled and joined, then CancelledError comes out', () =>
    virtually(async () => {
      const ended: number[] = [];
      const work = (ms: number) => async (): Promise<void> => {
        try {
          await sleepForever();
        } finally {
          await shield(() => sleep(ms));
          ended.push(now());
        }
      };
      const task = background(() => gather([work(10), work(20)]));
      await waitAllTasksBlocked();
      task.cancel('outside');
      expect(await failure(task)).toMatchObject({ reason: 'outside' });
      expect(ended).toEqual([10, 20]);
    }));

  it('a real error thrown while unwinding wins over the cancellation, whichever source it comes from', () =>
    virtually(async () => {
      const task = background(() =>
        gather([
          () => sleepForever(),
          async () => {
            try {
              await sleepForever();
            } catch {
              throw new Error('of its own');
            }
          },
        ]),
      );
      await waitAllTasksBlocked();
      task.cancel();
      expect(await failure(task)).toMatchObject({ message: 'of its own' });
    }));

  it('a function that cancels the scope of the gathering ends all with that CancelledError', () =>
    virtually(async () => {
      const error = await failure(() => gather([() => (currentScope()?.cancel('from inside'), sleepForever()), () => sleepForever()]));
      expect(error).toMatchObject({ reason: 'from inside' });
      throwIfCancelled();
    }));

  it('before it began, nothing is started', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        s.cancel();
        let called = false;
        expect(await failure(() => gather([() => (called = true)]))).toBeInstanceOf(CancelledError);
        expect(called).toBe(false);
      }),
    ));
});

const bad: [string, () => unknown, string][] = [
  ['no list', () => gather(5 as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected src to be an array of functions, tasks or promises, got 5 (number)'],
  ['null', () => gather(null as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected src to be an array of functions, tasks or promises, got null'],
  ['a source that is none', () => gather([() => 1, 5 as never]), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected src[1] to be a function, a task or a promise, got 5 (number)'],
  ['a limit of 0', () => gather([], { limit: 0 }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.limit to be a whole number from 1 up, or Infinity, got 0 (number)'],
  ['a wrong settle', () => gather([], { settle: 'yes' as never }), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.settle to be a boolean, got 'yes' (string)"],
  ['an unknown option', () => gather([], { concurrency: 1 } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.concurrency; known options are limit, settle'],
]; // prettier-ignore
it.each(bad)('%s is refused', async (_what, call, message) => {
  expect(await refusal(call)).toBe(message);
});
