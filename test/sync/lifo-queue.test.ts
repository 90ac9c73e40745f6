import fc from 'fast-check';
import { expect, it } from 'vitest';
import { QueueFull, QueueShutDown } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { LifoQueue } from '../../src/sync/lifo-queue.ts';
import { Queue } from '../../src/sync/queue.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

it('gives out the newest item first (QU-01)', () =>
  virtually(async () => {
    const queue = new LifoQueue<number>();
    expect(queue).toBeInstanceOf(Queue);
    for (const n of [1, 3, 2]) await queue.put(n);
    expect([await queue.get(), queue.getNowait(), await queue.get(), queue.empty]).toEqual([2, 3, 1, true]);
  }));

it('is bounded as a queue is: the item of a producer that waited is the newest', () =>
  virtually(async () => {
    const queue = new LifoQueue<number>(2);
    queue.putNowait(1);
    queue.putNowait(2);
    expect(await failure(() => queue.putNowait(3))).toBeInstanceOf(QueueFull);
    const putters = [3, 4].map((n) => background(() => queue.put(n)));
    await waitAllTasksBlocked();
    expect(queue.getNowait()).toBe(2);
    await putters[0];
    expect([queue.getNowait(), queue.getNowait(), queue.getNowait()]).toEqual([3, 4, 1]);
    await putters[1];
  }));

it('shut down gives out what is left, newest first; at once, it drops it', () =>
  virtually(async () => {
    for (const immediate of [false, true]) {
      const queue = new LifoQueue<number>();
      for (const n of [1, 2, 3]) queue.putNowait(n);
      queue.shutdown({ immediate });
      const got: number[] = [];
      for await (const item of queue) got.push(item);
      expect([got, queue.unfinished]).toEqual(immediate ? [[], 0] : [[3, 2, 1], 3]);
      expect(await failure(() => queue.put(4))).toBeInstanceOf(QueueShutDown);
    }
  }));

it('says what it is', () => {
  expect(String(new LifoQueue(2))).toBe('<LifoQueue size=0 maxSize=2 unfinished=0>');
});

it('a bad size is refused', async () => {
  expect(await refusal(() => new LifoQueue(-1))).toBe(
    'RangeError OFFLOOP_OUT_OF_RANGE: Expected maxSize to be a whole number from 0 up, or Infinity, got -1 (number)',
  );
});

it('whatever is put and taken, it is a stack', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat()), { maxLength: 100 }), (steps) => {
      const queue = new LifoQueue<number>();
      const model: number[] = [];
      for (const s of steps) {
        if (s !== null) {
          queue.putNowait(s);
          model.push(s);
        } else if (model.length > 0) expect(queue.getNowait()).toBe(model.pop());
        expect(queue.size).toBe(model.length);
      }
    }),
  );
});
