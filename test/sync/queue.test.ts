import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CancelledError, InvalidStateError, QueueEmpty, QueueFull, QueueShutDown } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { Runtime } from '../../src/core/runtime.ts';
import { ambient, Scope } from '../../src/core/scope.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { Queue } from '../../src/sync/queue.ts';
import type { ItemStore } from '../../src/sync/queue.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

const filled = (maxSize: number, ...items: number[]): Queue<number> => {
  const queue = new Queue<number>(maxSize);
  for (const i of items) queue.putNowait(i);
  return queue;
};

describe('a queue', () => {
  it('gives items out in the order in which they were put (QU-01)', () =>
    virtually(async () => {
      const queue = new Queue<string>();
      for (const item of ['a', 'b', 'c']) await queue.put(item);
      expect([await queue.get(), queue.getNowait(), await queue.get()]).toEqual(['a', 'b', 'c']);
      expect([queue.size, queue.empty]).toEqual([0, true]);
    }));

  it('without a bound is never full, with one it is (QU-03)', () => {
    for (const unbounded of [new Queue<number>(), new Queue<number>(0), new Queue<number>(Infinity)]) {
      for (let i = 0; i < 1_000; i++) unbounded.putNowait(i);
      expect([unbounded.full, unbounded.maxSize, unbounded.size]).toEqual([false, Infinity, 1_000]);
    }
    const bounded = filled(2, 1, 2);
    expect([bounded.full, bounded.maxSize]).toEqual([true, 2]);
    bounded.getNowait();
    expect(bounded.full).toBe(false);
  });

  it('putNowait into a full one, getNowait from an empty one are refused (QU-05)', async () => {
    expect(await failure(() => filled(1, 1).putNowait(2))).toBeInstanceOf(QueueFull);
    expect(await refusal(() => filled(1, 1).putNowait(2))).toBe('QueueFull OFFLOOP_QUEUE_FULL: the queue is full (maxSize 1)');
    expect(await failure(() => new Queue().getNowait())).toBeInstanceOf(QueueEmpty);
  });

  it('get waits for an item; an item goes straight to whoever waits longest', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const queue = new Queue<number>();
        const log: string[] = [];
        for (const name of ['a', 'b']) tg.spawn(async () => void log.push(`${name}${await queue.get()}`));
        await waitAllTasksBlocked();
        queue.putNowait(1);
        expect(queue.size).toBe(0);
        queue.putNowait(2);
        await waitAllTasksBlocked();
        expect(log).toEqual(['a1', 'b2']);
      }),
    ));

  it('put waits for room, producers in order', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const queue = filled(1, 0);
        const log: number[] = [];
        for (const n of [1, 2]) tg.spawn(() => queue.put(n).then(() => void log.push(n)));
        await waitAllTasksBlocked();
        expect([await queue.get(), queue.full]).toEqual([0, true]);
        expect([await queue.get(), await queue.get(), queue.empty]).toEqual([1, 2, true]);
        await waitAllTasksBlocked();
        expect(log).toEqual([1, 2]);
      }),
    ));

  it('the first getter cancelled: the second gets the item (QU-07)', () =>
    virtually(async () => {
      const queue = new Queue<number>();
      const [a, b] = [background(() => queue.get()), background(() => queue.get())];
      await waitAllTasksBlocked();
      a.cancel();
      queue.putNowait(1);
      expect([await b, a.state]).toEqual([1, 'cancelled']);
    }));

  it('a get that timed out leaves nobody in line (QU-09)', () =>
    virtually(async () => {
      const queue = new Queue<number>();
      await moveOnAfter(10, () => queue.get());
      expect(queue.statistics().waitingGet).toBe(0);
      await queue.put(1);
      expect(queue.size).toBe(1);
    }));

  it('a reader cancelled after its item arrived has it; nothing is lost, nothing is reordered (QU-11)', () =>
    virtually(async () => {
      const queue = new Queue<number>();
      const got: number[] = [];
      const reader = background(async () => {
        got.push(await queue.get());
        got.push(await queue.get());
      });
      await waitAllTasksBlocked();
      queue.putNowait(1);
      queue.putNowait(2);
      reader.cancel();
      await reader.wait();
      expect([got, reader.state, await queue.get()]).toEqual([[1], 'cancelled', 2]);
    }));

  it('a reader cancelled before the item arrives gets nothing; the next one gets it', () =>
    virtually(async () => {
      const queue = new Queue<number>();
      const reader = background(() => queue.get());
      await waitAllTasksBlocked();
      reader.cancel();
      queue.putNowait(1);
      expect(await queue.get()).toBe(1);
    }));

  it('a writer cancelled when a slot became free: its item is in, once (QU-13)', () =>
    virtually(async () => {
      const queue = filled(1, 1);
      const writer = background(async () => {
        await queue.put(2);
        await checkpoint();
      });
      await waitAllTasksBlocked();
      expect(queue.getNowait()).toBe(1);
      writer.cancel();
      await writer.wait();
      expect([writer.state, queue.getNowait(), queue.empty]).toEqual(['cancelled', 2, true]);
    }));

  it('a writer cancelled before puts nothing, and a retry succeeds (QU-13, QU-17)', () =>
    virtually(async () => {
      const queue = filled(1, 1);
      const writer = background(() => queue.put(2));
      await waitAllTasksBlocked();
      writer.cancel();
      await writer.wait();
      expect(queue.statistics()).toMatchObject({ waitingPut: 0, size: 1, unfinished: 1 });
      expect(queue.getNowait()).toBe(1);
      await queue.put(2);
      expect(queue.getNowait()).toBe(2);
    }));

  it('of one place carries five items from a producer to a consumer (QU-15)', () =>
    virtually(async () => {
      const queue = new Queue<number>(1);
      const got: number[] = [];
      await withTaskGroup((tg) => {
        tg.spawn(async () => {
          for (let i = 0; i < 5; i++) await queue.put(i);
        });
        tg.spawn(async () => {
          for (let i = 0; i < 5; i++) {
            got.push(await queue.get());
            await sleep(i % 2);
          }
        });
      });
      expect(got).toEqual([0, 1, 2, 3, 4]);
    }));

  it('in a cancelled scope neither puts nor takes, though it could', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        const queue = filled(5, 1);
        s.cancel();
        for (const call of [() => queue.put(2), () => queue.get(), () => queue.join(), () => new Queue().join()]) {
          expect(await failure(call)).toBeInstanceOf(CancelledError);
        }
        expect(queue.size).toBe(1);
        expect(queue.getNowait()).toBe(1);
      }),
    ));

  it('a tight loop of puts and gets does not starve the loop', () =>
    virtually(async () => {
      const queue = new Queue<number>();
      const log: string[] = [];
      setImmediate(() => log.push('turn'));
      for (let i = 0; i < 100_000 && log.length === 0; i++) {
        await queue.put(i);
        await queue.get();
      }
      expect(log).toEqual(['turn']);
    }));
});

describe('join', () => {
  it('resolves when every item was marked as done (QU-19)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const queue = filled(0, 1, 2);
        let joined = 0;
        for (let i = 0; i < 2; i++) tg.spawn(() => queue.join().then(() => void joined++));
        queue.getNowait();
        queue.getNowait();
        queue.taskDone();
        await waitAllTasksBlocked();
        expect([joined, queue.unfinished]).toEqual([0, 1]);
        queue.taskDone();
        await waitAllTasksBlocked();
        expect([joined, queue.unfinished]).toEqual([2, 0]);
        await queue.join();
      }),
    ));

  it('taskDone more often than items were put is refused (QU-19)', async () => {
    expect(await refusal(() => new Queue().taskDone())).toBe(
      'InvalidStateError OFFLOOP_INVALID_STATE: taskDone() was called more often than items were put',
    );
  });

  it('can be cancelled', () =>
    virtually(async () => {
      expect(await moveOnAfter(10, () => filled(0, 1).join(), { fallback: 'moved on' })).toBe('moved on');
    }));
});

describe('shutdown', () => {
  it('of an empty queue: a pending get throws, join resolves, put and get and their twins throw (QU-21)', () =>
    virtually(async () => {
      const queue = new Queue<number>();
      const getter = background(() => queue.get());
      await waitAllTasksBlocked();
      queue.shutdown();
      expect(await failure(getter)).toBeInstanceOf(QueueShutDown);
      await queue.join();
      for (const call of [() => queue.put(1), () => queue.putNowait(1), () => queue.get(), () => queue.getNowait()]) {
        expect(await failure(call)).toBeInstanceOf(QueueShutDown);
      }
      queue.shutdown();
    }));

  it('leaves what is in it to be got; waiting producers are refused, and their items were not put', () =>
    virtually(async () => {
      const queue = filled(2, 1, 2);
      const putter = background(() => queue.put(3));
      await waitAllTasksBlocked();
      queue.shutdown();
      expect(await failure(putter)).toBeInstanceOf(QueueShutDown);
      expect([await queue.get(), queue.getNowait()]).toEqual([1, 2]);
      expect(await failure(() => queue.get())).toBeInstanceOf(QueueShutDown);
      const joining = background(() => queue.join());
      queue.taskDone();
      queue.taskDone();
      await joining;
    }));

  it('immediate drops what is in it, join resolves, and taskDone throws (QU-23)', () =>
    virtually(async () => {
      const queue = filled(2, 1, 2);
      const [joiner, putter] = [background(() => queue.join()), background(() => queue.put(3))];
      await waitAllTasksBlocked();
      queue.shutdown({ immediate: true });
      await joiner;
      expect(await failure(putter)).toBeInstanceOf(QueueShutDown);
      expect([queue.size, queue.unfinished]).toEqual([0, 0]);
      expect(await failure(() => queue.getNowait())).toBeInstanceOf(QueueShutDown);
      expect(await failure(() => queue.taskDone())).toBeInstanceOf(InvalidStateError);
    }));

  it('immediate while an item is being worked on: join still waits for that one (QU-23)', () =>
    virtually(async () => {
      const queue = filled(0, 1, 2);
      queue.getNowait();
      const joiner = background(() => queue.join());
      await waitAllTasksBlocked();
      queue.shutdown({ immediate: true });
      await waitAllTasksBlocked();
      expect([joiner.settled, queue.unfinished]).toEqual([false, 1]);
      queue.taskDone();
      await joiner;
    }));

  it('immediate after a plain one drops the rest', () => {
    const queue = filled(0, 1, 2);
    queue.shutdown();
    queue.shutdown({ immediate: true });
    expect([queue.size, queue.unfinished]).toEqual([0, 0]);
  });
});

describe('iteration', () => {
  it('takes items until the queue is shut down and empty', () =>
    virtually(async () => {
      const queue = filled(0, 1, 2);
      background(async () => {
        await sleep(10);
        queue.putNowait(3);
        queue.shutdown();
      });
      const got: number[] = [];
      for await (const item of queue) got.push(item);
      expect(got).toEqual([1, 2, 3]);
    }));

  it('left early leaves the rest in the queue', () =>
    virtually(async () => {
      const queue = filled(0, 1, 2, 3);
      for await (const item of queue) if (item === 2) break;
      expect([queue.size, queue.getNowait()]).toEqual([1, 3]);
    }));

  it('by two consumers gives each item to one of them', () =>
    virtually(async () => {
      const queue = filled(0, 1, 2, 3, 4, 5);
      queue.shutdown();
      const got: number[] = [];
      const consume = async (): Promise<void> => {
        for await (const item of queue) {
          got.push(item);
          await sleep(1);
        }
      };
      await withTaskGroup((tg) => {
        tg.spawn(consume);
        tg.spawn(consume);
      });
      expect(got).toEqual([1, 2, 3, 4, 5]);
    }));

  it('is cancelled where it waits', () =>
    virtually(async () => {
      const queue = new Queue<number>();
      const consumed = await moveOnAfter(10, async () => {
        for await (const item of queue) expect(item).toBeUndefined();
      }, { fallback: 'moved on' }); // prettier-ignore
      expect([consumed, queue.statistics().waitingGet]).toEqual(['moved on', 0]);
    }));
});

it('shows its state (QU-25)', () => {
  const queue = filled(2, 1);
  expect(String(queue)).toBe('<Queue size=1 maxSize=2 unfinished=1>');
  expect(queue.statistics()).toEqual({ size: 1, maxSize: 2, unfinished: 1, waitingGet: 0, waitingPut: 0 });
  expect(Object.isFrozen(queue.statistics())).toBe(true);
  queue.shutdown();
  expect([String(queue), String(new Queue())]).toEqual([
    '<Queue size=1 maxSize=2 unfinished=1 shutdown>',
    '<Queue size=0 maxSize=Infinity unfinished=0>',
  ]);
});

it('takes another order of items from its store', () => {
  class Stack implements ItemStore<number> {
    readonly #items: number[] = [];
    get size(): number {
      return this.#items.length;
    }
    push(item: number): void {
      this.#items.push(item);
    }
    shift(): number {
      return this.#items.pop()!;
    }
    clear(): void {
      this.#items.length = 0;
    }
  }
  const queue = new Queue<number>(0, new Stack());
  for (const n of [1, 2, 3]) queue.putNowait(n);
  expect([queue.getNowait(), queue.getNowait(), queue.getNowait()]).toEqual([3, 2, 1]);
});

describe('whatever is put, taken, cancelled and shut down, in any order', () => {
  interface Call {
    id: number;
    scope: Scope;
    outcome: string;
  }
  interface Model {
    items: number[];
    getters: number[];
    putters: { id: number; item: number }[];
    shut: boolean;
    outcomes: Map<number, string>;
  }

  function take(m: Model): number | undefined {
    const item = m.items.shift();
    const putter = m.putters.shift();
    if (putter !== undefined) {
      m.items.push(putter.item);
      m.outcomes.set(putter.id, 'put');
    }
    return item;
  }

  function give(m: Model, item: number): void {
    const getter = m.getters.shift();
    if (getter === undefined) m.items.push(item);
    else m.outcomes.set(getter, `got ${item}`);
  }

  function shut(m: Model): void {
    m.shut = true;
    for (const { id } of m.putters) m.outcomes.set(id, 'QueueShutDown');
    for (const id of m.getters) m.outcomes.set(id, 'QueueShutDown');
    m.putters = [];
    m.getters = [];
  }

  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('put', 'get') },
    { weight: 2, arbitrary: fc.constantFrom('putNowait', 'getNowait', 'settle') },
    { weight: 3, arbitrary: fc.nat({ max: 30 }) },
    { weight: 1, arbitrary: fc.constantFrom('nothing', 'nothing', 'nothing', 'shutdown', 'drop') },
  );

  it('no item is lost or doubled, and items, producers and consumers stay in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 120 }), async (maxSize, steps) => {
        const queue = new Queue<number>(maxSize);
        const runtime = new Runtime();
        const calls: Call[] = [];
        const m: Model = { items: [], getters: [], putters: [], shut: false, outcomes: new Map() };
        let item = 0;
        const begin = (op: () => Promise<unknown>, say: (value: unknown) => string): Call => {
          const call: Call = { id: calls.length, scope: new Scope(null, runtime), outcome: 'waiting' };
          calls.push(call);
          ambient.run(call.scope, op).then(
            (value) => (call.outcome = say(value)),
            (error: Error) => (call.outcome = error.name),
          );
          return call;
        };
        for (const s of steps) {
          if (s === 'put') {
            const mine = ++item;
            const { id } = begin(() => queue.put(mine), () => 'put'); // prettier-ignore
            if (m.shut) m.outcomes.set(id, 'QueueShutDown');
            else if (m.items.length >= maxSize) m.putters.push({ id, item: mine });
            else {
              give(m, mine);
              m.outcomes.set(id, 'put');
            }
          } else if (s === 'get') {
            const { id } = begin(() => queue.get(), (v) => `got ${v as number}`); // prettier-ignore
            if (m.items.length > 0) m.outcomes.set(id, `got ${take(m)}`);
            else if (m.shut) m.outcomes.set(id, 'QueueShutDown');
            else m.getters.push(id);
          } else if (s === 'putNowait' && !m.shut && m.items.length < maxSize) {
            queue.putNowait(++item);
            give(m, item);
          } else if (s === 'getNowait' && m.items.length > 0) expect(queue.getNowait()).toBe(take(m));
          else if (s === 'settle') await Promise.resolve();
          else if (s === 'shutdown' || s === 'drop') {
            queue.shutdown({ immediate: s === 'drop' });
            if (s === 'drop') m.items = [];
            shut(m);
          } else if (typeof s === 'number' && s < calls.length) {
            calls[s]!.scope.cancelWith(new CancelledError());
            if (!m.outcomes.has(s)) m.outcomes.set(s, 'CancelledError');
            m.getters = m.getters.filter((id) => id !== s);
            m.putters = m.putters.filter((p) => p.id !== s);
          }
          const { size, waitingGet, waitingPut } = queue.statistics();
          expect([size, waitingGet, waitingPut]).toEqual([m.items.length, m.getters.length, m.putters.length]);
          expect(size).toBeLessThanOrEqual(maxSize);
        }
        await turns(2);
        expect(calls.map((c) => c.outcome)).toEqual(calls.map((c) => m.outcomes.get(c.id) ?? 'waiting'));
        for (const c of calls) expect(c.scope.first === null).toBe(c.outcome !== 'waiting');
      }),
      { numRuns: 300 },
    );
  });

  it('with slow producers and consumers that time out, every item that was put is got exactly once', async () => {
    const actor = fc.record({ pace: fc.nat({ max: 6 }), limit: fc.integer({ min: 1, max: 60 }), items: fc.nat({ max: 8 }) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(actor, { maxLength: 6 }), fc.array(actor, { maxLength: 6 }), (maxSize, producers, consumers) =>
        virtually(async () => {
          const queue = new Queue<string>(maxSize);
          const put: string[] = [];
          const got: string[][] = consumers.map(() => []);
          await withTaskGroup((tg) => {
            for (const [n, p] of producers.entries()) {
              tg.spawn(() =>
                moveOnAfter(p.limit, async () => {
                  for (let i = 0; i < p.items; i++) {
                    await queue.put(`${n}.${i}`);
                    put.push(`${n}.${i}`);
                    await sleep(p.pace);
                  }
                }),
              );
            }
            for (const [n, c] of consumers.entries()) {
              tg.spawn(() =>
                moveOnAfter(c.limit, async () => {
                  for (;;) {
                    got[n]!.push(await queue.get());
                    await sleep(c.pace);
                  }
                }),
              );
            }
          });
          const left: string[] = [];
          while (!queue.empty) left.push(queue.getNowait());
          expect([...got, left].flat().toSorted()).toEqual(put.toSorted());
          // Two that get something in the same moment may go on in either order; each for itself sees every producer's order.
          for (const items of [...got, left]) {
            producers.forEach((_p, n) => {
              const mine = items.filter((item) => item.startsWith(`${n}.`)).map((item) => Number(item.slice(2)));
              expect(mine).toEqual(mine.toSorted((a, b) => a - b));
            });
          }
          expect(queue.statistics()).toMatchObject({ waitingGet: 0, waitingPut: 0 });
        }),
      ),
      { numRuns: 100 },
    );
  }); // prettier-ignore
});

const bad: [string, () => unknown, string][] = [
  ['a negative size', () => new Queue(-1), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected maxSize to be a whole number from 0 up, or Infinity, got -1 (number)'],
  ['a size of NaN', () => new Queue(NaN), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected maxSize to be a whole number from 0 up, or Infinity, got NaN (number)'],
  ['a wrong size', () => new Queue('1' as never), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected maxSize to be a whole number from 0 up, or Infinity, got '1' (string)"],
  ['an unknown option', () => new Queue().shutdown({ now: true } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.now; known options are immediate'],
  ['a wrong option', () => new Queue().shutdown({ immediate: 1 as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.immediate to be a boolean, got 1 (number)'],
]; // prettier-ignore
it.each(bad)('%s is refused', async (_what, call, message) => {
  expect(await refusal(call)).toBe(message);
});

it('a refused shutdown shuts nothing down', async () => {
  const queue = new Queue<number>();
  await failure(() => queue.shutdown({ immediate: 1 as never }));
  queue.putNowait(1);
  expect(queue.getNowait()).toBe(1);
});

it('shows how many wait (QU-25)', () =>
  virtually(() =>
    withTaskGroup(async (tg) => {
      const [empty, full] = [new Queue(), filled(1, 1)];
      tg.spawn(() => empty.get());
      tg.spawn(() => full.put(2));
      await waitAllTasksBlocked();
      expect([String(empty), String(full)]).toEqual([
        '<Queue size=0 maxSize=Infinity unfinished=0 getters=1>',
        '<Queue size=1 maxSize=1 unfinished=1 putters=1>',
      ]);
      tg.cancel();
    }),
  ));
