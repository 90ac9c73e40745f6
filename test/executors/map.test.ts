import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { sleepForever } from '../../src/core/sleep.ts';
import { timeout } from '../../src/core/timeout.ts';
import type { MapOptions, SubmitOptions } from '../../src/executors/executor.ts';
import type { Job } from '../../src/executors/job.ts';
import { mapJobs } from '../../src/executors/map.ts';
import { collectReports } from '../support/fake-worker.ts';
import { makeJob } from '../support/jobs.ts';
import { failure, refusal, turns } from '../support/virtual.ts';

const reports = collectReports();

interface Farm {
  /** Item by item, in the order of submission. */
  readonly jobs: Map<unknown, Job>;
  readonly options: SubmitOptions[];
  map(items: unknown, options?: MapOptions): ReturnType<typeof mapJobs>;
  end(item: unknown, value?: unknown): void;
  fail(item: unknown, error: unknown): void;
}

/** Jobs that end when the test says so; a cancelled one ends at once, unless it is `slow`. */
function farm({ slow = false, lookAhead = 3 } = {}): Farm {
  const jobs = new Map<unknown, Job>();
  const options: SubmitOptions[] = [];
  const host = { jobCancelled: (job: Job): void => void (slow || job.endCancelled()) };
  const submit = (item: unknown, o: SubmitOptions): Job => {
    const job = makeJob(o, [item], host);
    jobs.set(item, job);
    options.push(o);
    return job;
  };
  return {
    jobs,
    options,
    map: (items, o) => mapJobs(submit, () => 0, items as Iterable<unknown>, o, lookAhead),
    end: (item, value = `r${String(item)}`) => void jobs.get(item)!.end({ ok: true, value }),
    fail: (item, error) => void jobs.get(item)!.end({ ok: false, error }),
  };
}

function* numbers(onEnd?: (next: number) => void): Generator<number> {
  let n = 1;
  try {
    for (;;) yield n++;
  } finally {
    onEnd?.(n);
  }
}

const finite = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const valueOf = async (result: Promise<IteratorResult<unknown, unknown>>): Promise<unknown> => (await result).value;

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

describe('a failing job', () => {
  it('throws at its place, after the results before it; the others are cancelled and joined, the source is closed', async () => {
    let closed = 0;
    const { map, jobs, end, fail } = farm();
    const it = map(numbers((n) => (closed = n)));
    const first = it.next();
    const error = new Error('second');
    fail(2, error);
    await turns(2);
    end(1);
    expect(await valueOf(first)).toBe('r1');
    expect(await failure(it.next())).toBe(error);
    expect([jobs.get(3)!.state, jobs.get(4)!.state, closed]).toEqual(['cancelled', 'cancelled', 5]);
    expect(jobs.get(3)!.error()).toMatchObject({ source: 'sibling', reason: error });
    expect((await it.next()).done).toBe(true);
  });

  it('throws only when the cancelled ones have really ended', async () => {
    const { map, end, fail } = farm({ slow: true });
    const it = map([1, 2]);
    let over = false;
    const first = failure(it.next()).finally(() => (over = true));
    fail(1, new Error('first'));
    await turns(3);
    expect(over).toBe(false);
    end(2);
    expect(await first).toMatchObject({ message: 'first' });
  });

  it('that fails later than the one that is thrown is reported', async () => {
    const { map, fail } = farm();
    const it = map([1, 2, 3]);
    const first = failure(it.next());
    fail(3, new Error('third'));
    fail(1, new Error('first'));
    expect(await first).toMatchObject({ message: 'first' });
    await turns(2);
    expect(reports.map(({ message, error }) => [message, (error as Error).message])).toEqual([['Another error in executor.map', 'third']]);
  });

  it('may throw anything', async () => {
    const { map, fail } = farm();
    const it = map([1]);
    const first = failure(it.next());
    fail(1, undefined);
    expect(await first).toBe(undefined);
  });

  it('that is cancelled by its signal ends the loop', async () => {
    const controller = new AbortController();
    const { map } = farm();
    const it = map([1, 2], { signal: controller.signal });
    const first = failure(it.next());
    controller.abort('stop');
    expect(await first).toMatchObject({ code: 'OFFLOOP_CANCELLED', reason: 'stop' });
  });

  it('a progress callback that throws ends the loop with its error', async () => {
    const { map, jobs, end } = farm();
    const broken = (): never => {
      throw new Error('listener');
    };
    const it = map([1, 2], { progress: broken });
    const first = failure(it.next());
    end(1);
    expect(await first).toMatchObject({ message: 'listener' });
    expect(jobs.get(2)!.state).toBe('cancelled');
  });
});

describe('a failing source', () => {
  it('throws at its place, after the results before it', async () => {
    const { map, end } = farm();
    const it = map(
      (function* () {
        yield 1;
        throw new Error('source');
      })(),
    );
    const first = it.next();
    await turns(1);
    end(1);
    expect(await valueOf(first)).toBe('r1');
    expect(await failure(it.next())).toMatchObject({ message: 'source' });
    expect((await it.next()).done).toBe(true);
  });

  it('that is asynchronous likewise', async () => {
    const { map, end } = farm();
    const it = map(
      // eslint-disable-next-line typescript/require-await -- a source may be as simple as this
      (async function* () {
        yield 1;
        throw new Error('source');
      })(),
    );
    const first = it.next();
    await turns(2);
    end(1);
    expect(await valueOf(first)).toBe('r1');
    expect(await failure(it.next())).toMatchObject({ message: 'source' });
  });

  it('whose closing fails is reported, and does not hide the error of the job', async () => {
    const { map, fail } = farm();
    const it = map({
      [Symbol.iterator]: () => ({
        next: () => ({ done: false as const, value: 1 }),
        return: () => {
          throw new Error('closing');
        },
      }),
    }, { limit: 1 }); // prettier-ignore
    const first = failure(it.next());
    fail(1, new Error('job'));
    expect(await first).toMatchObject({ message: 'job' });
    expect(reports.map(({ error }) => (error as Error).message)).toEqual(['closing']);
  });
});

describe('an asynchronous source', () => {
  it('is pulled one at a time, ahead of the consumer up to the limit', async () => {
    const pulls: ((item: IteratorResult<number>) => void)[] = [];
    const { map, end, jobs } = farm();
    const it = map({ [Symbol.asyncIterator]: () => ({ next: () => new Promise((resolve) => pulls.push(resolve)) }) }, { limit: 2 });
    const first = it.next();
    expect(pulls).toHaveLength(1);
    pulls[0]!({ done: false, value: 10 });
    await turns(1);
    expect(pulls).toHaveLength(2);
    pulls[1]!({ done: false, value: 20 });
    await turns(1);
    expect([pulls.length, [...jobs.keys()]]).toEqual([2, [10, 20]]);
    end(10);
    expect(await valueOf(first)).toBe('r10');
    const second = it.next();
    await turns(1);
    expect(pulls).toHaveLength(3);
    pulls[2]!({ done: true, value: undefined });
    end(20);
    expect(await valueOf(second)).toBe('r20');
    expect((await it.next()).done).toBe(true);
  });

  it('may answer with any thenable', async () => {
    const { map, jobs, end } = farm();
    let n = 0;
    // eslint-disable-next-line unicorn/no-thenable -- that is the point
    const next = (): unknown => ({ then: (resolve: (r: unknown) => void) => resolve(++n > 2 ? { done: true } : { done: false, value: n }) });
    const it = map({ [Symbol.asyncIterator]: () => ({ next }) });
    const first = it.next();
    await turns(2);
    expect([...jobs.keys()]).toEqual([1, 2]);
    end(1);
    end(2);
    expect([await valueOf(first), await valueOf(it.next()), (await it.next()).done]).toEqual(['r1', 'r2', true]);
  });

  it('that waits in our own primitives stops with the consumer', async () => {
    let stopped: unknown;
    const { map, end } = farm();
    const it = map(
      (async function* () {
        yield 1;
        try {
          await sleepForever();
        } catch (error) {
          stopped = error;
          throw error;
        }
      })(),
    );
    const first = it.next();
    await turns(2);
    end(1);
    expect(await valueOf(first)).toBe('r1');
    await it.return!();
    expect(stopped).toBeInstanceOf(CancelledError);
    expect(reports).toEqual([]);
  });

  it('that only its own return() can wake is closed by it', async () => {
    const pulls: ((item: IteratorResult<number>) => void)[] = [];
    const { map } = farm();
    const source = {
      next: () => new Promise<IteratorResult<number>>((resolve) => pulls.push(resolve)),
      return: () => {
        for (const resolve of pulls) resolve({ done: true, value: undefined });
        return Promise.resolve({ done: true as const, value: undefined });
      },
    };
    const it = map({ [Symbol.asyncIterator]: () => source });
    const waiting = it.next();
    await turns(1);
    await it.return!();
    expect((await waiting).done).toBe(true);
  });
});

describe('leaving early', () => {
  it('by break stops pulling, cancels what runs and joins it', async () => {
    let closed = 0;
    const { map, jobs, end } = farm({ slow: true });
    const results: unknown[] = [];
    let over = false;
    const loop = (async () => {
      for await (const result of map(numbers((n) => (closed = n)))) {
        results.push(result);
        break;
      }
      over = true;
    })();
    end(1);
    await turns(3);
    expect([results, closed, over]).toEqual([['r1'], 4, false]);
    expect([jobs.get(2)!.state, jobs.get(3)!.state]).toEqual(['cancelling', 'cancelling']);
    end(2);
    end(3);
    await loop;
    expect(jobs.size).toBe(3);
  });

  it('by disposing does the same, twice is once', async () => {
    const { map, jobs } = farm({ slow: true });
    const it = map(numbers());
    void it.next().catch(() => {});
    let disposed = 0;
    const both = [it[Symbol.asyncDispose](), it[Symbol.asyncDispose]()].map((done) => done.then(() => disposed++));
    await turns(2);
    expect(disposed).toBe(0);
    for (const job of jobs.values()) job.endCancelled();
    await Promise.all(both);
    expect(disposed).toBe(2);
  });

  it('before it began closes the source and starts nothing', async () => {
    const { map, jobs } = farm();
    let closed = 0;
    const it = map({ [Symbol.iterator]: () => ({ next: () => ({ done: false as const, value: 1 }), return: () => ({ done: true as const, value: ++closed }) }) }); // prettier-ignore
    await it.return!();
    expect([jobs.size, closed, (await it.next()).done]).toEqual([0, 1, true]);
  });

  it('after a failure among the results that wait reports that failure', async () => {
    const { map, end, fail } = farm();
    const it = map([1, 2]);
    const first = it.next();
    fail(2, new Error('unseen'));
    end(1);
    await first;
    await it.return!();
    expect(reports.map(({ error }) => (error as Error).message)).toEqual(['unseen']);
  });
});

describe('cancelling', () => {
  it('the scope of the consumer cancels the jobs, and next() throws when they have ended', async () => {
    const { map, jobs, end } = farm({ slow: true });
    const scope = new CancelScope();
    let over = false;
    const body = scope
      .run(async () => {
        for await (const _ of map(numbers()));
      })
      .then(() => (over = true));
    scope.cancel('enough');
    await turns(3);
    expect([over, [...jobs.values()].map((job) => job.state)]).toEqual([false, ['cancelling', 'cancelling', 'cancelling']]);
    for (const item of jobs.keys()) end(item);
    await body;
    expect(scope.cancelledCaught).toBe(true);
    expect(jobs.size).toBe(3);
  });

  it('in a cancelled scope nothing is pulled at all', async () => {
    const { map, jobs } = farm();
    const scope = new CancelScope();
    await scope.run(async () => {
      scope.cancel();
      expect(await failure(map(numbers()).next())).toBeInstanceOf(CancelledError);
    });
    expect(jobs.size).toBe(0);
  });

  it('a time limit around one next() ends the loop', async () => {
    const { map, jobs } = farm();
    const it = map(numbers());
    expect(await failure(timeout(0, () => it.next()))).toMatchObject({ code: 'OFFLOOP_TIMEOUT' });
    const limited = map(numbers());
    expect(await failure(timeout(5, () => limited.next()))).toMatchObject({ code: 'OFFLOOP_TIMEOUT' });
    expect([...jobs.values()].every((job) => job.settled)).toBe(true);
    expect((await limited.next()).done).toBe(true);
  });
});

describe('arguments', () => {
  it('are checked at once, before anything is pulled (42, 93)', async () => {
    const { map } = farm();
    const call = (items: unknown, options?: unknown) => () => map(items, options as MapOptions);
    const submit = (): never => {
      throw new Error('nothing may be submitted');
    };
    expect(await refusal(call(5))).toBe('TypeError OFFLOOP_INVALID_ARGUMENT: Expected items to be an iterable or async iterable, got 5 (number)');
    expect(await refusal(call(null))).toContain('Expected items to be an iterable');
    expect(await refusal(call([], { limit: 0 }))).toBe('RangeError OFFLOOP_OUT_OF_RANGE: Expected options.limit to be a whole number from 1 up, got 0 (number)');
    expect(await refusal(call([], { limit: Infinity }))).toContain('RangeError');
    expect(await refusal(call([], { limit: '3' }))).toContain('TypeError');
    expect(await refusal(call([], { ordered: 'yes' }))).toBe("TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.ordered to be a boolean, got 'yes' (string)");
    expect(await refusal(call([], { progress: true }))).toContain('Expected options.progress to be a function');
    expect(await refusal(call([], { timeout: -1 }))).toContain('RangeError');
    expect(await refusal(call([], { concurrency: 3 }))).toContain('Unknown option options.concurrency');
    expect(await refusal(() => mapJobs(submit, 'fn', [], undefined, 1))).toBe("TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 'fn' (string)");
  });
});

describe('whatever the order in which jobs end', () => {
  it('each result is handed out once, in order when asked for, and never more is under way than the limit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(12), fc.integer({ min: 1, max: 5 }), fc.boolean(), fc.infiniteStream(fc.nat()), async (n, limit, ordered, luck) => {
        const { map, jobs, end } = farm();
        const taken: unknown[] = [];
        const finished: unknown[] = [];
        let over = false;
        const loop = (async () => {
          for await (const result of map(finite(n), { limit, ordered })) taken.push(result);
          over = true;
        })();
        while (!over) {
          const running = [...jobs].filter(([, job]) => !job.settled).map(([item]) => item);
          expect(jobs.size - taken.length).toBeLessThanOrEqual(limit);
          const pick = running[luck.next().value! % Math.max(1, running.length)];
          if (pick !== undefined) end(pick), finished.push(`r${String(pick)}`);
          await turns(1);
        }
        await loop;
        expect(taken).toEqual(ordered ? finite(n).map((i) => `r${i}`) : finished);
      }),
      { numRuns: 60 },
    );
  });
});
