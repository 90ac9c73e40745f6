/** How executor.map ends: by failures, by leaving, by cancellation. */
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { sleepForever } from '../../src/core/sleep.ts';
import { timeout } from '../../src/core/timeout.ts';
import { collectReports } from '../support/fake-worker.ts';
import { farm, numbers, valueOf } from '../support/farm.ts';
import { failure, turns } from '../support/virtual.ts';

const reports = collectReports();

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
    const next = (): unknown => ({
      then: (resolve: (r: unknown) => void) => resolve(++n > 2 ? { done: true } : { done: false, value: n }),
    });
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

  it('by a signal cancels the jobs and ends the loop; however many jobs, the signal has one listener, and none afterwards (52)', async () => {
    const controller = new AbortController();
    const { map, jobs } = farm();
    const it = map(numbers(), { limit: 50, signal: controller.signal });
    const first = failure(it.next());
    expect([jobs.size, getEventListeners(controller.signal, 'abort').length]).toEqual([50, 1]);
    controller.abort('stop');
    expect(await first).toMatchObject({ code: 'OFFLOOP_CANCELLED', source: 'signal', reason: 'stop' });
    expect([...jobs.values()].every((job) => job.state === 'cancelled')).toBe(true);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect((await it.next()).done).toBe(true);
  });

  it('by a signal between two calls, or before the first, starts nothing more (50)', async () => {
    const controller = new AbortController();
    const { map, jobs, end } = farm();
    const it = map([1, 2, 3, 4], { limit: 1, signal: controller.signal });
    const first = it.next();
    end(1);
    await first;
    controller.abort();
    expect(await failure(it.next())).toMatchObject({ source: 'signal' });
    expect(await failure(map([5], { signal: controller.signal }).next())).toMatchObject({ source: 'signal' });
    expect([...jobs.keys()]).toEqual([1]);
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
