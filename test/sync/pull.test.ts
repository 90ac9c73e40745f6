/** Iterating over a queue or the receiving end of a channel. */
import { describe, expect, it } from 'vitest';
import { Queue } from '../../src/sync/queue.ts';
import { channel } from '../../src/sync/channel.ts';
import { pull } from '../../src/sync/pull.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { now } from '../../src/core/sleep.ts';
import { virtually } from '../support/virtual.ts';

interface Stream {
  readonly items: AsyncIterable<number>;
  feed(item: number): void;
  end(): void;
}

const streams: [string, () => Stream][] = [
  [
    'a queue',
    () => {
      const queue = new Queue<number>();
      return { items: queue, feed: (item) => queue.putNowait(item), end: () => queue.shutdown() };
    },
  ],
  [
    'a channel',
    () => {
      const [sender, receiver] = channel<number>(10);
      return { items: receiver, feed: (item) => sender.sendNowait(item), end: () => sender.close() };
    },
  ],
];

describe.each(streams)('iterating over %s', (_name, make) => {
  it('goes on after a next() that was cancelled: its expiry does not pass for the end', () =>
    virtually(async () => {
      const stream = make();
      const iterator = stream.items[Symbol.asyncIterator]();
      expect(await moveOnAfter(10, () => iterator.next(), { fallback: 'nothing yet' })).toBe('nothing yet');
      stream.feed(1);
      expect(await iterator.next()).toEqual({ done: false, value: 1 });
    }));

  it('asks in the scope of each next(), not in that of the first', () =>
    virtually(async () => {
      const stream = make();
      const iterator = stream.items[Symbol.asyncIterator]();
      stream.feed(1);
      await moveOnAfter(1_000, () => iterator.next());
      expect(await moveOnAfter(10, () => iterator.next(), { fallback: 'late' })).toBe('late');
      expect(now()).toBe(10);
    }));

  it('serves several next() side by side, in order', () =>
    virtually(async () => {
      const stream = make();
      const iterator = stream.items[Symbol.asyncIterator]();
      const both = Promise.all([iterator.next(), iterator.next()]);
      stream.feed(1);
      stream.feed(2);
      expect((await both).map(({ value }) => value)).toEqual([1, 2]);
    }));

  it('ends, and stays ended, when the stream ends or the loop was left', () =>
    virtually(async () => {
      const over = { done: true, value: undefined };
      const [ended, left] = [make(), make()];
      const iterators = [ended, left].map(({ items }) => items[Symbol.asyncIterator]());
      ended.end();
      expect(await iterators[0]?.next()).toEqual(over);
      expect(await iterators[0]?.next()).toEqual(over);
      left.feed(1);
      expect(await iterators[1]?.return?.()).toEqual(over);
      expect(await iterators[1]?.next()).toEqual(over);
      for await (const item of left.items) {
        expect(item).toBe(1); // whoever left took nothing
        break;
      }
    }));
});

it('an error that is not the end comes out of next(), and the next one asks again', async () => {
  const answers = [() => Promise.reject(new Error('a hiccup')), () => Promise.resolve(7)];
  const iterator = pull(
    () => (answers.shift() as () => Promise<number>)(),
    () => false,
  );
  await expect(iterator.next()).rejects.toThrow('a hiccup');
  expect(await iterator.next()).toEqual({ done: false, value: 7 });
});
