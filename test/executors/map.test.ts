/** What executor.map pulls, when, and what it hands out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MapOptions } from '../../src/executors/executor.ts';
import { mapJobs } from '../../src/executors/map.ts';
import { farm, numbers, valueOf } from '../support/farm.ts';
import { refusal, turns } from '../support/virtual.ts';

const finite = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe('pulling', () => {
  it('is lazy: nothing is pulled before the first result is asked for', async () => {
    let pulled = 0;
    const { map, jobs, end } = farm();
    const items = {
      [Symbol.iterator]: () => ({ next: () => ({ done: false as const, value: ++pulled }) }),
    };
    const it = map(items);
    await turns(2);
    expect([pulled, jobs.size]).toEqual([0, 0]);
    const first = it.next();
    expect(pulled).toBe(3);
    end(1);
    expect(await valueOf(first)).toBe('r1');
    await it.return!();
  });

  it('is bounded by what the consumer has not taken, in order or not', async () => {
    for (const ordered of [true, false]) {
      const { map, jobs, end } = farm({ lookAhead: 99 });
      const it = map(numbers(), { limit: 4, ordered });
      const first = it.next();
      expect(jobs.size).toBe(4);
      for (const n of [1, 2, 3, 4]) end(n);
      expect(await valueOf(first)).toBe('r1');
      await turns(3);
      expect(jobs.size).toBe(4); // results that nobody takes are not piled up
      const second = it.next();
      expect(jobs.size).toBe(ordered ? 5 : 5);
      expect(await valueOf(second)).toBe('r2');
      await it.return!();
    }
  });

  it('takes its look-ahead from the size of the pool when no limit is given', async () => {
    const { map, jobs } = farm({ lookAhead: 6 });
    const it = map(numbers());
    void it.next();
    expect(jobs.size).toBe(6);
    await it.return!();
  });

  it('passes the options of the jobs on, and only those', async () => {
    const { map, options, end } = farm();
    const it = map([1], { name: 'n', priority: 2, limit: 1, ordered: false, progress: () => {} });
    const first = it.next();
    end(1);
    await first;
    expect(options).toEqual([{ name: 'n', priority: 2 }]);
  });
});

describe('results', () => {
  it('come in the order of the items (42)', async () => {
    const { map, end } = farm();
    const it = map(new Set([1, 2, 3]));
    const first = it.next();
    end(3);
    end(2);
    end(1);
    expect([await valueOf(first), await valueOf(it.next()), await valueOf(it.next())]).toEqual(['r1', 'r2', 'r3']);
    expect(await it.next()).toEqual({ done: true, value: undefined });
    expect(await it.next()).toEqual({ done: true, value: undefined });
  });

  it('come as they are ready with ordered false', async () => {
    const { map, end } = farm();
    const it = map([1, 2, 3], { ordered: false });
    const first = it.next();
    end(2);
    expect(await valueOf(first)).toBe('r2');
    end(3);
    end(1);
    expect([await valueOf(it.next()), await valueOf(it.next())]).toEqual(['r3', 'r1']);
    expect((await it.next()).done).toBe(true);
  });

  it('may be undefined', async () => {
    const { map, jobs } = farm();
    const it = map([1, 2]);
    const first = it.next();
    for (const job of jobs.values()) job.end({ ok: true, value: undefined });
    expect([await first, await it.next(), (await it.next()).done]).toEqual([
      { done: false, value: undefined },
      { done: false, value: undefined },
      true,
    ]);
  });

  it('of no items are none', async () => {
    const { map } = farm();
    expect(await map([]).next()).toEqual({ done: true, value: undefined });
  });

  it('are counted: done, and the total where it is known', async () => {
    const known = async (items: unknown): Promise<unknown[]> => {
      const { map, jobs, end } = farm();
      const calls: unknown[] = [];
      const it = map(items, { progress: (...args) => calls.push(args) });
      for (;;) {
        const next = it.next();
        await turns(1);
        for (const item of jobs.keys()) end(item);
        if ((await next).done === true) return calls;
      }
    };
    expect(await known([1, 2])).toEqual([[1, 2], [2, 2]]); // prettier-ignore
    expect(await known(new Set([1]))).toEqual([[1, 1]]);
    expect(await known(new Map([[1, 2]]))).toEqual([[1, 1]]);
    expect(await known(finite(2).values())).toEqual([[1, undefined], [2, undefined]]); // prettier-ignore
  });

  it('several calls of next() that wait together are answered in their order, all of them', async () => {
    const { map, end } = farm();
    const it = map([1, 2]);
    const calls = [it.next(), it.next(), it.next(), it.next()];
    end(2);
    await turns(2);
    end(1);
    expect((await Promise.all(calls)).map(({ value, done }) => (done === true ? 'end' : value))).toEqual(['r1', 'r2', 'end', 'end']);
  });
});

describe('arguments', () => {
  it('are checked at once, before anything is pulled (42, 93)', async () => {
    const { map } = farm();
    const call = (items: unknown, options?: unknown) => () => map(items, options as MapOptions);
    const submit = (): never => {
      throw new Error('nothing may be submitted');
    };
    expect(await refusal(call(5))).toBe(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected items to be an iterable or async iterable, got 5 (number)',
    );
    expect(await refusal(call(null))).toContain('Expected items to be an iterable');
    expect(await refusal(call([], { limit: 0 }))).toBe(
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.limit to be a whole number from 1 up, got 0 (number)',
    );
    expect(await refusal(call([], { limit: Infinity }))).toContain('RangeError');
    expect(await refusal(call([], { limit: '3' }))).toContain('TypeError');
    expect(await refusal(call([], { ordered: 'yes' }))).toBe(
      "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.ordered to be a boolean, got 'yes' (string)",
    );
    expect(await refusal(call([], { progress: 5 }))).toContain('Expected options.progress to be a boolean or a function, got 5 (number)');
    expect(await refusal(call([], { timeout: -1 }))).toContain('RangeError');
    expect(await refusal(call([], { concurrency: 3 }))).toContain('Unknown option options.concurrency');
    expect(await refusal(() => mapJobs(submit, 'fn', [], undefined, 1))).toBe(
      "TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 'fn' (string)",
    );
  });
});

describe('whatever the order in which jobs end', () => {
  it('each result is handed out once, in order when asked for, and never more is under way than the limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(12),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        fc.infiniteStream(fc.nat()),
        async (n, limit, ordered, luck) => {
          const { map, jobs, end } = farm();
          const taken: unknown[] = [];
          const finished: unknown[] = [];
          const state = { over: false };
          const loop = (async () => {
            for await (const result of map(finite(n), { limit, ordered })) taken.push(result);
            state.over = true;
          })();
          while (!state.over) {
            const running = [...jobs].filter(([, job]) => !job.settled).map(([item]) => item);
            expect(jobs.size - taken.length).toBeLessThanOrEqual(limit);
            const pick = running[luck.next().value! % Math.max(1, running.length)];
            if (pick !== undefined) {
              end(pick);
              finished.push(`r${pick as number}`);
            }
            await turns(1);
          }
          await loop;
          expect(taken).toEqual(ordered ? finite(n).map((i) => `r${i}`) : finished);
        },
      ),
      { numRuns: 60 },
    );
  });
});
