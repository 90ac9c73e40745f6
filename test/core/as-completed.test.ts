import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError, TimeoutError } from '../../src/base/errors.ts';
import type { TaskGroupError } from '../../src/base/errors.ts';
import { asCompleted } from '../../src/core/as-completed.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { Deferred } from '../../src/core/deferred.ts';
import { here } from '../../src/core/scope.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { currentTask } from '../../src/core/task.ts';
import type { Task } from '../../src/core/task.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

const failAfter = async (ms: number, text: string): Promise<never> => {
  await sleep(ms);
  throw new Error(text);
};
const ascending = (a = NaN, b = NaN): number => a - b;
/** Counts those that are still at it, cleanup included. */
function workers(): { running: number; work: (ms: number, cleanup?: number) => () => Promise<number> } {
  const state = {
    running: 0,
    work:
      (ms: number, cleanup = 0) =>
      async () => {
        state.running++;
        try {
          return await sleep(ms, ms);
        } finally {
          if (cleanup > 0) await shield(() => sleep(cleanup));
          state.running--;
        }
      },
  };
  return state;
}

describe('asCompleted', () => {
  it('yields the sources in the order of completion, with their places (AC-01)', () =>
    virtually(async () => {
      const seen: unknown[] = [];
      const sources = [() => sleep(30, 'a'), background(() => sleep(10, 'b')), sleep(20, 'c')];
      for await (const { index, task } of asCompleted(sources)) {
        expectTypeOf(task).toEqualTypeOf<Task<string>>();
        seen.push([now(), index, task.result()]);
      }
      expect(seen).toEqual([[10, 1, 'b'], [20, 2, 'c'], [30, 0, 'a']]); // prettier-ignore
    }));

  it('of nothing ends at once', () =>
    virtually(async () => {
      for await (const { index } of asCompleted([])) expect.fail(String(index));
      expect(await asCompleted([], { timeout: 0 }).next()).toEqual({ done: true, value: undefined });
    }));

  it('delivers both of two that end in the same tick (AC-11)', () =>
    virtually(async () => {
      const gate = new Deferred<void>();
      const fn = async (): Promise<void> => await gate;
      const iterator = asCompleted([fn, fn]);
      background(() => sleep(5).then(() => gate.resolve()));
      const places: number[] = [];
      for await (const { index } of iterator) places.push(index);
      expect(places).toEqual([0, 1]);
    }));

  it('delivers failures as records, and does not stop for them', () =>
    virtually(async ({ reports }) => {
      const states: string[] = [];
      for await (const { task } of asCompleted([() => failAfter(10, 'boom'), () => sleep(20)])) {
        states.push(task.state);
        task.error();
      }
      await turns(3);
      expect([states, reports]).toEqual([['failed', 'done'], []]);
    }));

  it('yields a task that was given twice twice; a function given twice runs twice', () =>
    virtually(async () => {
      let ran = 0;
      const fn = (): number => ++ran;
      const task = background(() => sleep(10));
      const places: number[] = [];
      for await (const { index } of asCompleted([task, fn, task, fn])) places.push(index);
      expect([places, ran]).toEqual([[1, 3, 0, 2], 2]);
    }));

  it('starts functions in order, also before anybody iterates', () =>
    virtually(async () => {
      const log: string[] = [];
      const iterator = asCompleted([() => log.push('a'), () => log.push('b')]);
      log.push('called');
      await waitAllTasksBlocked();
      expect(log).toEqual(['called', 'a', 'b']);
      await iterator[Symbol.asyncDispose]();
    }));

  it('serves several consumers, each record once, and tells all of them the end', () =>
    virtually(async () => {
      const iterator = asCompleted([() => sleep(10), () => sleep(20)]);
      const results = await Promise.all([iterator.next(), iterator.next(), iterator.next()]);
      expect(results.map((r) => (r.done === true ? 'end' : r.value.index))).toEqual([0, 1, 'end']);
    }));

  it('refuses what is not an iterable of sources, before anything is started (AC-07)', () =>
    virtually(async () => {
      let ran = false;
      const start = (): boolean => (ran = true);
      const expected = 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected src to be an iterable of functions, tasks or promises, got ';
      expect(await refusal(() => asCompleted(background(() => 1) as never))).toMatch(expected);
      expect(await refusal(() => asCompleted(Promise.resolve() as never))).toMatch(expected);
      expect(await refusal(() => asCompleted(start as never))).toMatch(expected);
      expect(await refusal(() => asCompleted('text' as never))).toMatch(expected);
      expect(await refusal(() => asCompleted([start, 5 as never]))).toMatch(
        'TypeError OFFLOOP_INVALID_ARGUMENT: Expected src[1] to be a function',
      );
      expect(await refusal(() => asCompleted([start], { timeout: NaN }))).toMatch(
        'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.timeout',
      );
      expect(await refusal(() => asCompleted([start], { timeOut: 1 } as object))).toMatch('Unknown option options.timeOut');
      expect(await refusal(() => asCompleted([start, currentTask() as never]))).toMatch('cannot await itself');
      await turns(2);
      expect(ran).toBe(false);
    }));
});

describe('with a timeout', () => {
  it('throws TimeoutError after the completed ones, when the functions were stopped and joined (AC-03)', () =>
    virtually(async () => {
      const w = workers();
      const task = background(() => sleep(100));
      const places: number[] = [];
      const error = await failure(async () => {
        for await (const { index } of asCompleted([w.work(50, 7), w.work(10), task], { timeout: 20 })) places.push(index);
      });
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({ message: 'Timed out after 20 ms with 2 of 3 sources unfinished', deadline: 20 });
      expect([places, now(), w.running, task.state]).toEqual([[1], 27, 0, 'running']);
      await task;
    }));

  it('delivers what had settled in time to a consumer that was busy, then throws', () =>
    virtually(async () => {
      const iterator = asCompleted([() => sleep(5, 'a'), () => sleep(10, 'b'), () => sleep(30, 'c')], { timeout: 20 });
      const seen: unknown[] = [];
      const error = await failure(async () => {
        for await (const { task } of iterator) {
          seen.push(task.result());
          await sleep(40);
        }
      });
      expect([seen, error]).toEqual([['a', 'b'], expect.any(TimeoutError)]);
      expect(await failure(() => iterator.next())).toBeInstanceOf(TimeoutError);
    }));

  it('no TimeoutError comes when all had settled in time, however long the consumer takes', () =>
    virtually(async () => {
      const seen: unknown[] = [];
      for await (const { index } of asCompleted([() => sleep(5), () => sleep(10)], { timeout: 20 })) {
        seen.push(index);
        await sleep(100);
      }
      expect(seen).toEqual([0, 1]);
    }));

  it.each([0, -1, -Infinity])('of %d still delivers what has settled', (timeout) =>
    virtually(async () => {
      const over = background(() => 1);
      await over;
      const iterator = asCompleted([() => sleepForever(), Promise.resolve(2), over], { timeout });
      expect([(await iterator.next()).value?.index, (await iterator.next()).value?.index].toSorted(ascending)).toEqual([1, 2]);
      expect(await failure(() => iterator.next())).toBeInstanceOf(TimeoutError);
    }),
  );

  it('of null or Infinity there is no limit, and no timer', () =>
    virtually(async () => {
      for (const timeout of [null, Infinity]) for await (const { task } of asCompleted([() => sleep(10 ** 10)], { timeout })) task.result();
      expect(now()).toBe(2 * 10 ** 10);
    }));

  it('an error that a function throws while it is stopped is reported', () =>
    virtually(async ({ reports }) => {
      const bad = async (): Promise<void> => {
        await sleepForever().catch(() => {});
        throw new Error('unwinding');
      };
      expect(await failure(() => asCompleted([bad], { timeout: 10 }).next())).toBeInstanceOf(TimeoutError);
      await turns(3);
      expect(reports.map((r) => (r.error as Error).message)).toEqual(['unwinding']);
    }));
});

describe('leaving the loop', () => {
  it('with break: a second loop over the iterator continues (AC-05)', () =>
    virtually(async () => {
      const iterator = asCompleted([() => sleep(30, 'c'), () => sleep(10, 'a'), () => sleep(20, 'b')]);
      const seen: unknown[] = [];
      for await (const { task } of iterator) {
        seen.push(task.result());
        if (seen.length === 1) break;
      }
      for await (const { task } of iterator) seen.push(task.result());
      expect([seen, now()]).toEqual([['a', 'b', 'c'], 30]);
    }));

  it('with break, and not coming back: the functions are cancelled, tasks are not', () =>
    virtually(async () => {
      const w = workers();
      const task = background(() => sleep(100));
      const iterator = asCompleted([w.work(10), w.work(50), task]);
      for await (const _ of iterator) break;
      expect(w.running).toBe(1);
      await turns(2);
      expect([w.running, now(), task.state]).toEqual([0, 10, 'running']);
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
      await task;
    }));

  it('with return() by hand is the same, and return() twice is once', () =>
    virtually(async () => {
      const w = workers();
      const iterator = asCompleted([w.work(50)]);
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
      await iterator.return?.();
      await turns(2);
      expect([w.running, (await iterator.next()).done]).toEqual([0, true]);
      await iterator.return?.();
    }));

  it('by dispose cancels and joins at once', () =>
    virtually(async () => {
      const w = workers();
      const iterator = asCompleted([w.work(10), w.work(50, 5)]);
      await iterator.next();
      const waiting = iterator.next();
      await iterator[Symbol.asyncDispose]();
      expect([w.running, now(), (await waiting).done, (await iterator.next()).done]).toEqual([0, 15, true, true]);
      await iterator[Symbol.asyncDispose]();
    }));

  it('by an error of a source that the body lets out: the others are cancelled, the group fails with it (AC-09)', () =>
    virtually(async ({ reports }) => {
      const w = workers();
      const error = await failure(() =>
        withTaskGroup(async () => {
          for await (const { task } of asCompleted([w.work(100), () => failAfter(10, 'boom')])) task.result();
        }),
      );
      expect((error as TaskGroupError).leaves()).toEqual([expect.objectContaining({ message: 'boom' })]);
      await turns(2);
      expect([w.running, now(), reports]).toEqual([0, 10, []]);
    }));

  it('what failed and was not looked at is reported, once each', () =>
    virtually(async ({ reports }) => {
      const cleanup = async (): Promise<void> => {
        await sleepForever().catch(() => {});
        throw new Error('unwinding');
      };
      for await (const { index } of asCompleted([() => failAfter(5, 'seen, not asked'), () => failAfter(6, 'not seen'), cleanup])) {
        await sleep(20); // as long as the consumer looks at a record, its failure is not reported
        expect([index, reports]).toEqual([0, []]);
        break;
      }
      await turns(4);
      expect(reports.map((r) => (r.error as Error).message).toSorted()).toEqual(['not seen', 'seen, not asked', 'unwinding']);
    }));

  it('a failure nobody iterates over is reported', () =>
    virtually(async ({ reports }) => {
      asCompleted([() => failAfter(5, 'alone')]);
      await sleep(10);
      expect(reports.map((r) => r.message)).toEqual(['Task exception was never retrieved']);
    }));

  it('a consumer that looks at a failure late is not reported', () =>
    virtually(async ({ reports }) => {
      const errors: unknown[] = [];
      for await (const { task } of asCompleted([() => failAfter(5, 'a'), background(() => failAfter(6, 'b'))])) {
        await sleep(20);
        errors.push((task.error() as Error).message);
      }
      await turns(3);
      expect([errors, reports]).toEqual([['a', 'b'], []]);
    }));
});

describe('cancellation', () => {
  it('of the scope in which it was called cancels and joins the functions before it comes out', () =>
    virtually(async () => {
      const w = workers();
      const task = background(() => sleep(100));
      for (const busy of [false, true]) {
        const start = now();
        await moveOnAfter(20, async () => {
          for await (const _ of asCompleted([w.work(10), w.work(70, 5), task])) if (busy) await sleepForever();
        });
        expect([w.running, now() - start]).toEqual([0, 25]);
      }
      await task;
    }));

  it('of the consumer only: nothing is lost, and it may ask again', () =>
    virtually(async ({ reports }) => {
      const iterator = asCompleted([() => sleep(10, 'a'), () => failAfter(30, 'b'), () => sleep(40, 'c')]);
      const seen: unknown[] = [];
      const consume = async (): Promise<void> => {
        for await (const { task } of iterator) seen.push(task.error() ?? task.result());
      };
      await moveOnAfter(20, consume);
      expect(seen).toEqual(['a']);
      await consume();
      expect(seen).toEqual(['a', expect.any(Error), 'c']);
      await turns(3);
      expect(reports).toEqual([]);
    }));

  it('of the consumer in the tick of a completion: it has the record', () =>
    virtually(async () => {
      const gate = new Deferred<string>();
      const task = background(async () => await gate);
      const iterator = asCompleted([task]);
      let got: unknown;
      const consumer = background(async () => {
        got = (await iterator.next()).value?.task.result();
        await sleep(1);
      });
      await waitAllTasksBlocked();
      task.onSettled(() => consumer.cancel());
      gate.resolve('value');
      await consumer.wait();
      expect([consumer.state, got]).toEqual(['cancelled', 'value']);
    }));

  it('before the call: functions run to their first checkpoint, next() throws', () =>
    virtually(async () => {
      const log: string[] = [];
      await new CancelScope().run(async (s) => {
        s.cancel();
        const iterator = asCompleted([() => log.push('begun'), () => sleep(10), Promise.reject(new Error('early'))]);
        expect(await failure(() => iterator.next())).toBeInstanceOf(CancelledError);
      });
      await turns(3);
      expect(log).toEqual(['begun']);
    }));

  it('of a given task elsewhere is a completion like any other', () =>
    virtually(async () => {
      const task = background(() => sleepForever());
      background(() => sleep(5).then(() => task.cancel('elsewhere')));
      for await (const record of asCompleted([task])) expect(record.task.error()).toMatchObject({ reason: 'elsewhere' });
    }));
});

it('delivers each source once, and leaves nothing behind, over random orders, pauses and ways to leave', async () => {
  const source = fc.record({
    at: fc.integer({ min: 0, max: 20 }),
    fails: fc.boolean(),
    kind: fc.constantFrom('function', 'task', 'promise'),
  });
  const plan = fc.record({
    sources: fc.array(source, { maxLength: 7 }),
    pause: fc.integer({ min: 0, max: 4 }),
    leaveAfter: fc.option(fc.nat({ max: 6 })),
    timeout: fc.option(fc.integer({ min: 0, max: 25 }).map((n) => n + 0.5)),
    cancelAt: fc.option(fc.integer({ min: 0, max: 30 }).map((n) => n + 0.25)),
    resume: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(plan, ({ sources, pause, leaveAfter, timeout, cancelAt, resume }) =>
      virtually(async ({ reports }) => {
        let running = 0;
        const others: PromiseLike<unknown>[] = [];
        const work = async (at: number, fails: boolean): Promise<void> => {
          running++;
          try {
            await sleep(at);
            if (fails) throw new Error('planned');
          } finally {
            running--;
          }
        };
        const places: number[] = [];
        let left = false;
        const run = async (): Promise<void> => {
          const iterator = asCompleted(
            sources.map(({ at, fails, kind }) => {
              if (kind === 'function') return () => work(at, fails);
              const task = background(() => work(at, fails));
              others.push(task);
              return kind === 'task' ? task : Promise.resolve(task);
            }),
            { timeout },
          );
          const loop = async (): Promise<void> => {
            for await (const { index, task } of iterator) {
              places.push(index);
              expect(task.settled).toBe(true);
              task.error();
              if (pause > 0) await sleep(pause);
              if (places.length === leaveAfter) {
                left = true;
                break;
              }
            }
          };
          await loop();
          if (resume && left) await loop();
        };
        const ended = await moveOnAfter(cancelAt, async () => {
          await run().catch((e: unknown) => (e instanceof TimeoutError ? undefined : Promise.reject(e as Error)));
          return true;
        });
        expect(new Set(places).size).toBe(places.length);
        const whole = ended && timeout === null && (!left || resume);
        if (whole) expect(places.toSorted(ascending)).toEqual(sources.map((_, i) => i));
        await turns(2);
        expect(running).toBeLessThanOrEqual(others.length);
        await Promise.allSettled(others);
        await turns(3);
        expect([running, here().first]).toEqual([0, null]);
        if (whole) expect(reports).toEqual([]);
      }),
    ),
    { numRuns: 100 },
  );
});
