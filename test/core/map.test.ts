import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint, throwIfCancelled } from '../../src/core/checkpoint.ts';
import { currentScope } from '../../src/core/current-scope.ts';
import { map } from '../../src/core/map.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { Queue } from '../../src/sync/queue.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

/** A list that records how it is read, in both forms. */
class Tracked implements Iterable<number>, AsyncIterable<number> {
  readonly log: string[] = [];
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  *#read(): Generator<number> {
    this.log.push('opened');
    try {
      for (let i = 0; i < this.#count; i++) {
        this.log.push(`pull ${i}`);
        yield i;
      }
      this.log.push('exhausted');
    } finally {
      this.log.push('closed');
    }
  }

  [Symbol.iterator](): Iterator<number> {
    return this.#read();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    yield* this.#read();
  }
}

const syncOnly = (t: Tracked): Iterable<number> => ({ [Symbol.iterator]: () => t[Symbol.iterator]() });
const asyncOnly = (t: Tracked): AsyncIterable<number> => ({ [Symbol.asyncIterator]: () => t[Symbol.asyncIterator]() });

describe.each([
  ['a synchronous iterable', syncOnly],
  ['an asynchronous iterable', asyncOnly],
])('map over %s', (_kind, as) => {
  it('keeps the order of the items, whatever the order of completion (GA-13)', () =>
    virtually(async () => {
      const results = await map(as(new Tracked(5)), async (n, i) => {
        await sleep(50 - n * 10);
        return `${n}/${i}`;
      });
      expectTypeOf(results).toEqualTypeOf<string[]>();
      expect([results, now()]).toEqual([['0/0', '1/1', '2/2', '3/3', '4/4'], 50]);
    }));

  it('of nothing is nothing', () =>
    virtually(async () => {
      expect(await map(as(new Tracked(0)), (n) => n)).toEqual([]);
    }));

  it('runs at most `limit` calls at once, and pulls an item only when a call may start', () =>
    virtually(async () => {
      const items = new Tracked(100);
      let running = 0;
      let most = 0;
      await moveOnAfter(35, () =>
        map(
          as(items),
          async () => {
            most = Math.max(most, ++running);
            await sleep(10);
            running--;
          },
          { limit: 3 },
        ),
      );
      expect(most).toBe(3);
      expect(items.log.filter((l) => l.startsWith('pull')).length).toBeLessThanOrEqual(13);
      expect(items.log.at(-1)).toBe('closed');
    }));

  it('starts calls in the order of the items, never inside the call of map', () =>
    virtually(async () => {
      const log: unknown[] = [];
      const mapping = map(as(new Tracked(3)), (n) => log.push(n));
      log.push('called');
      await mapping;
      expect(log).toEqual(['called', 0, 1, 2]);
    }));

  it('rejects with the first error, once the others were cancelled and joined and the iterator closed (GA-15)', () =>
    virtually(async () => {
      const items = new Tracked(10);
      const boom = new Error('boom');
      const log: string[] = [];
      const error = await failure(() =>
        map(
          as(items),
          async (n) => {
            if (n === 1) {
              await sleep(10);
              throw boom;
            }
            try {
              await sleepForever();
            } finally {
              await shield(() => sleep(5));
              log.push(`${n} cleaned up at ${now()}`);
            }
          },
          { limit: 3 },
        ),
      );
      expect([error, log]).toEqual([boom, ['0 cleaned up at 15', '2 cleaned up at 15']]);
      expect(items.log).toEqual(['opened', 'pull 0', 'pull 1', 'pull 2', 'closed']);
      throwIfCancelled();
    }));

  it('hands later errors to the exception handler', () =>
    virtually(async ({ reports }) => {
      const error = await failure(() =>
        map(as(new Tracked(3)), async (n) => {
          if (n === 0) await sleep(10);
          else await failure(() => sleepForever());
          throw new Error(`error ${n}`);
        }),
      );
      expect(error).toMatchObject({ message: 'error 0' });
      expect(reports.map((r) => [r.message, (r.error as Error).message])).toEqual([['Another error in map', 'error 1'], ['Another error in map', 'error 2']]); // prettier-ignore
    }));

  it('cancelled from outside joins its calls, pulls no more, and closes the iterator', () =>
    virtually(async () => {
      const items = new Tracked(10);
      const cleaned: number[] = [];
      const task = background(() =>
        map(
          as(items),
          async (n) => {
            try {
              await sleepForever();
            } finally {
              await shield(() => sleep(10));
              cleaned.push(n);
            }
          },
          { limit: 2 },
        ),
      );
      await waitAllTasksBlocked();
      task.cancel('outside');
      expect(await failure(task)).toMatchObject({ reason: 'outside' });
      expect([cleaned, items.log]).toEqual([
        [0, 1],
        ['opened', 'pull 0', 'pull 1', 'closed'],
      ]);
    }));

  it('lets a real error thrown while unwinding win over a cancellation from outside', () =>
    virtually(async () => {
      const task = background(() =>
        map(as(new Tracked(3)), async (n) => {
          await failure(() => sleepForever());
          if (n === 1) throw new Error('of its own');
          await checkpoint();
        }),
      );
      await waitAllTasksBlocked();
      task.cancel();
      expect(await failure(task)).toMatchObject({ message: 'of its own' });
    }));

  it('a call that cancels the scope of the mapping ends all with that CancelledError', () =>
    virtually(async () => {
      const error = await failure(() => map(as(new Tracked(3)), () => (currentScope()?.cancel('from inside'), sleepForever())));
      expect(error).toMatchObject({ reason: 'from inside' });
    }));

  it('in a cancelled scope throws, and does not even open the iterator', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        s.cancel();
        const items = new Tracked(3);
        let opened = 0;
        const source = as(items);
        const counting = new Proxy(source, { get: (t, k) => (k === Symbol.iterator || k === Symbol.asyncIterator ? Reflect.get(t, k) && (() => (opened++, Reflect.get(t, k)())) : Reflect.get(t, k)) }); // prettier-ignore
        expect(await failure(() => map(counting, (n) => n))).toBeInstanceOf(CancelledError);
        expect([opened, items.log]).toEqual([0, []]);
      }),
    ));

  it('an iterator that throws fails the map, and is not closed once more', () =>
    virtually(async () => {
      let closed = 0;
      let pulls = 0;
      const next = (): IteratorResult<number> => {
        if (pulls++ === 2) throw new Error('iterator');
        return { value: 1, done: false };
      };
      const iterator = { next, return: () => (closed++, { value: undefined, done: true as const }) };
      const source = as(new Tracked(0)) as unknown as Record<symbol, unknown>;
      const key = Symbol.iterator in source ? Symbol.iterator : Symbol.asyncIterator;
      const error = await failure(() => map({ [key]: () => iterator } as unknown as Iterable<number>, (n) => sleep(1, n), { limit: 1 }));
      expect([(error as Error).message, closed]).toEqual(['iterator', 0]);
    }));

  it('an exhausted iterator is not closed once more when a later call fails', () =>
    virtually(async () => {
      let closed = 0;
      let pulls = 0;
      const iterator = {
        next: () => (pulls++ < 2 ? { value: pulls, done: false } : { value: undefined, done: true }),
        return: () => (closed++, { value: undefined, done: true }),
      };
      const source = as(new Tracked(0)) as unknown as Record<symbol, unknown>;
      const key = Symbol.iterator in source ? Symbol.iterator : Symbol.asyncIterator;
      await failure(() =>
        map({ [key]: () => iterator } as unknown as Iterable<number>, async () => {
          await sleep(10);
          throw new Error('late');
        }),
      );
      expect(closed).toBe(0);
    }));

  it('an error while closing is thrown, or reported when there was one before', () =>
    virtually(async ({ reports }) => {
      const source = as(new Tracked(0)) as unknown as Record<symbol, unknown>;
      const key = Symbol.iterator in source ? Symbol.iterator : Symbol.asyncIterator;
      const iterable = { [key]: () => ({ next: () => ({ value: 1, done: false }), return: () => { throw new Error('closing'); } }) } as unknown as Iterable<number>; // prettier-ignore
      expect(await failure(() => map(iterable, () => Promise.reject(new Error('boom')), { limit: 1 }))).toMatchObject({ message: 'boom' });
      expect(reports).toMatchObject([{ message: 'Another error in map', error: { message: 'closing' } }]);
      expect(await failure(() => moveOnAfter(10, () => map(iterable, () => sleepForever(), { limit: 1 })))).toMatchObject({
        message: 'closing',
      });
    }));

  it('of calls that never wait lets timers and I/O through', () =>
    virtually(async () => {
      let turned = 0;
      let next = setImmediate(function count() {
        turned++;
        next = setImmediate(count);
      });
      await map(as(new Tracked(20_000)), (n) => n, { limit: 2 });
      clearImmediate(next);
      expect(turned).toBeGreaterThan(5);
    }));
});

it('takes items from a queue until it is shut down', () =>
  virtually(async () => {
    const queue = new Queue<number>();
    background(async () => {
      for (let i = 0; i < 5; i++) {
        await sleep(10);
        queue.putNowait(i);
      }
      queue.shutdown();
    });
    expect(await map(queue, (n) => sleep(1, n * 2), { limit: 2 })).toEqual([0, 2, 4, 6, 8]);
  }));

it('of a queue that nobody fills can be cancelled', () =>
  virtually(async () => {
    const queue = new Queue<number>();
    expect(await moveOnAfter(10, () => map(queue, (n) => n))).toBeUndefined();
    expect(queue.statistics().waitingGet).toBe(0);
  }));

it('takes arrays, strings, sets and generators', () =>
  virtually(async () => {
    const generator = function* (): Generator<number> {
      yield 1;
      yield 2;
    };
    expect(await map([1, 2], (n) => n + 1)).toEqual([2, 3]);
    expect(await map('ab', (c) => c.toUpperCase())).toEqual(['A', 'B']);
    expect(await map(new Set([1]), (n) => n)).toEqual([1]);
    expect(await map(generator(), (n) => n)).toEqual([1, 2]);
  }));

const bad: [string, () => unknown, string][] = [
  ['no iterable', () => map(5 as never, () => 1), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected items to be an iterable or async iterable, got 5 (number)'],
  ['null', () => map(null as never, () => 1), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected items to be an iterable or async iterable, got null'],
  ['no function', () => map([], 'fn' as never), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 'fn' (string)"],
  ['a limit of 1.5', () => map([], () => 1, { limit: 1.5 }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.limit to be a whole number from 1 up, or Infinity, got 1.5 (number)'],
  ['a negative limit', () => map([], () => 1, { limit: -1 }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.limit to be a whole number from 1 up, or Infinity, got -1 (number)'],
  ['a wrong limit', () => map([], () => 1, { limit: '2' as never }), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.limit to be a whole number from 1 up, or Infinity, got '2' (string)"],
  ['an unknown option', () => map([], () => 1, { concurrency: 2 } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.concurrency; known options are limit'],
]; // prettier-ignore
it.each(bad)('%s is refused', async (_what, call, message) => {
  expect(await refusal(call)).toBe(message);
});
