import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { QueueShutDown } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { PriorityQueue } from '../../src/sync/priority-queue.ts';
import { Queue } from '../../src/sync/queue.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

const drain = <T>(queue: Queue<T>): T[] => Array.from({ length: queue.size }, () => queue.getNowait());

describe('a priority queue', () => {
  it('gives out the smallest item first (QU-01)', () =>
    virtually(async () => {
      const queue = new PriorityQueue<number>();
      expect(queue).toBeInstanceOf(Queue);
      for (const n of [1, 3, 2]) await queue.put(n);
      const first = await queue.get();
      expectTypeOf(first).toEqualTypeOf<number>();
      expect([first, queue.getNowait(), await queue.get()]).toEqual([1, 2, 3]);
    }));

  it('keeps ties in the order of insertion, and never compares payloads (QU-27)', () => {
    const untouchable = (name: string): object => ({ name, valueOf: () => { throw new Error('compared'); } }); // prettier-ignore
    const queue = new PriorityQueue<[number, object]>();
    for (const [rank, name] of [[2, 'a'], [1, 'b'], [2, 'c'], [1, 'd'], [2, 'e']] as const) queue.putNowait([rank, untouchable(name)]); // prettier-ignore
    expect(drain(queue).map(([rank, { name }]: [number, { name?: string }]) => `${rank}${name}`)).toEqual(['1b', '1d', '2a', '2c', '2e']);
  });

  it('ranks strings, dates and bigints too', () => {
    const strings = new PriorityQueue<string>();
    for (const s of ['b', 'a', 'c']) strings.putNowait(s);
    expect(drain(strings)).toEqual(['a', 'b', 'c']);
    const mixed = new PriorityQueue<number | bigint>();
    for (const n of [2, 1n, 3]) mixed.putNowait(n);
    expect(drain(mixed)).toEqual([1n, 2, 3]);
    const dates = new PriorityQueue<[Date, string]>();
    dates.putNowait([new Date(2), 'late']);
    dates.putNowait([new Date(1), 'early']);
    expect(drain(dates).map(([, name]) => name)).toEqual(['early', 'late']);
  });

  it('takes another order from `compare`', () => {
    const queue = new PriorityQueue<{ urgency: number }>(undefined, (a, b) => b.urgency - a.urgency);
    for (const urgency of [1, 3, 2]) queue.putNowait({ urgency });
    expect(drain(queue).map((item) => item.urgency)).toEqual([3, 2, 1]);
  });

  it('a waiting consumer gets the next item that is put, whatever its rank; producers wait in line', () =>
    virtually(async () => {
      const queue = new PriorityQueue<number>(1);
      const getter = background(() => queue.get());
      await waitAllTasksBlocked();
      queue.putNowait(9);
      expect(await getter).toBe(9);
      queue.putNowait(5);
      const putters = [7, 1].map((n) => background(() => queue.put(n)));
      await waitAllTasksBlocked();
      expect([queue.getNowait(), queue.getNowait(), queue.getNowait()]).toEqual([5, 7, 1]);
      await Promise.all(putters);
    }));

  it('shut down gives out what is left in order; at once, it drops it', () =>
    virtually(async () => {
      for (const immediate of [false, true]) {
        const queue = new PriorityQueue<number>();
        for (const n of [2, 3, 1]) queue.putNowait(n);
        queue.shutdown({ immediate });
        const got: number[] = [];
        for await (const item of queue) got.push(item);
        expect([got, queue.unfinished]).toEqual(immediate ? [[], 0] : [[1, 2, 3], 3]);
        expect(await failure(() => queue.put(4))).toBeInstanceOf(QueueShutDown);
      }
    }));

  it('says what it is', () => {
    expect(String(new PriorityQueue(2))).toBe('<PriorityQueue size=0 maxSize=2 unfinished=0>');
  });
});

describe('bad input', () => {
  const what = 'a number, bigint, string or Date, or an array that begins with one (for other items pass `compare`)';
  const bad: [unknown, string][] = [
    [{ a: 1 }, `TypeError OFFLOOP_INVALID_ARGUMENT: Expected item to be ${what}, got { a: 1 } (object)`],
    [undefined, `TypeError OFFLOOP_INVALID_ARGUMENT: Expected item to be ${what}, got undefined`],
    [[], `TypeError OFFLOOP_INVALID_ARGUMENT: Expected item to be ${what}, got [] (object)`],
    [NaN, `RangeError OFFLOOP_OUT_OF_RANGE: Expected item to be ${what}, got NaN (number)`],
    [[new Date(NaN), 1], `RangeError OFFLOOP_OUT_OF_RANGE: Expected item to be ${what}, got [ Invalid Date, 1 ] (object)`],
  ];
  it.each(bad)('an item that has no rank is refused: %j', async (item, message) => {
    const queue = new PriorityQueue<unknown>();
    expect([await refusal(() => queue.put(item)), await refusal(() => queue.putNowait(item))]).toEqual([message, message]);
    expect(queue.statistics()).toMatchObject({ size: 0, unfinished: 0 });
  });

  it('a wrong comparison or size is refused', async () => {
    expect(await refusal(() => new PriorityQueue(0, 5 as never))).toBe(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected compare to be a function, got 5 (number)',
    );
    expect(await refusal(() => new PriorityQueue(-1))).toBe(
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected maxSize to be a whole number from 0 up, or Infinity, got -1 (number)',
    );
  });
});

describe('a comparison that throws', () => {
  const broken = (maxSize?: number): PriorityQueue<number> =>
    new PriorityQueue<number>(maxSize, (a, b) => {
      if (a === 13 || b === 13) throw new Error('unlucky');
      return a - b;
    });

  it('fails the put, and changes nothing', () =>
    virtually(async () => {
      const queue = broken();
      for (const n of [3, 1, 2]) queue.putNowait(n);
      const error = { message: 'unlucky' };
      expect([await failure(queue.put(13)), await failure(() => queue.putNowait(13))]).toMatchObject([error, error]);
      expect(queue.statistics()).toMatchObject({ size: 3, unfinished: 3 });
      expect(drain(queue)).toEqual([1, 2, 3]);
    }));

  it('fails the producer that waited, not the consumer; the next producer gets in', () =>
    virtually(async () => {
      const queue = broken(2);
      queue.putNowait(1);
      queue.putNowait(2);
      const [bad, good] = [background(() => queue.put(13)), background(() => queue.put(3))];
      await waitAllTasksBlocked();
      expect(await queue.get()).toBe(1);
      expect(await failure(bad)).toMatchObject({ message: 'unlucky' });
      await good;
      expect([queue.unfinished, drain(queue)]).toEqual([3, [2, 3]]);
    }));

  it('fails the get, and loses nothing', () =>
    virtually(async () => {
      let broken = false;
      const queue = new PriorityQueue<number>(0, (a, b) => {
        if (broken) throw new Error('broken');
        return a - b;
      });
      for (const n of [4, 2, 3, 1]) queue.putNowait(n);
      broken = true;
      expect([await failure(queue.get()), await failure(() => queue.getNowait())]).toMatchObject([
        { message: 'broken' },
        { message: 'broken' },
      ]);
      broken = false;
      expect(drain(queue)).toEqual([1, 2, 3, 4]);
    }));
});

it('whatever is put and taken, items come out in a stable order', () => {
  const step = fc.option(fc.integer({ min: -3, max: 3 }), { freq: 2 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new PriorityQueue<[number, number]>();
      let model: [number, number][] = [];
      steps.forEach((rank, order) => {
        if (rank !== null) {
          queue.putNowait([rank, order]);
          model.push([rank, order]);
          model = model.toSorted(([a], [b]) => a - b);
        } else if (model.length > 0) expect(queue.getNowait()).toEqual(model.shift());
      });
      expect(drain(queue)).toEqual(model);
    }),
    { numRuns: 300 },
  );
});

it('with producers and consumers that are cancelled and time out, every item comes out exactly once', async () => {
  const actor = fc.record({ pace: fc.nat({ max: 6 }), limit: fc.integer({ min: 1, max: 60 }), items: fc.nat({ max: 8 }) });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(actor, { maxLength: 5 }), fc.array(actor, { maxLength: 5 }), (maxSize, producers, consumers) =>
      virtually(async () => {
        const queue = new PriorityQueue<[number, string]>(maxSize);
        const put: string[] = [];
        const got: string[] = [];
        await withTaskGroup((tg) => {
          producers.forEach((p, n) => {
            tg.spawn(() =>
              moveOnAfter(p.limit, async () => {
                for (let i = 0; i < p.items; i++) {
                  await queue.put([(i * 7) % 3, `${n}.${i}`]);
                  put.push(`${n}.${i}`);
                  await sleep(p.pace);
                }
              }),
            );
          });
          for (const c of consumers) {
            tg.spawn(() =>
              moveOnAfter(c.limit, async () => {
                for await (const [, item] of queue) {
                  got.push(item);
                  await sleep(c.pace);
                }
              }),
            );
          }
        });
        got.push(...drain(queue).map(([, item]) => item));
        expect(got.toSorted()).toEqual(put.toSorted());
        expect(queue.statistics()).toMatchObject({ size: 0, waitingGet: 0, waitingPut: 0 });
      }),
    ),
    { numRuns: 100 },
  );
}); // prettier-ignore
