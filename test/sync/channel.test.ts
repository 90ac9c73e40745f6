import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { BrokenResourceError, CancelledError, WouldBlock } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { channel } from '../../src/sync/channel.ts';
import type { ReceiveChannel, SendChannel } from '../../src/sync/channel.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

const senderClosed = 'ClosedResourceError OFFLOOP_CLOSED_RESOURCE: this sender is closed';
const receiverClosed = 'ClosedResourceError OFFLOOP_CLOSED_RESOURCE: this receiver is closed';
const noSenders = 'BrokenResourceError OFFLOOP_BROKEN_RESOURCE: every sender of the channel is closed';
const noReceivers = 'BrokenResourceError OFFLOOP_BROKEN_RESOURCE: every receiver of the channel is closed';

async function collect<T>(receiver: ReceiveChannel<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const item of receiver) got.push(item);
  return got;
}

describe('a channel', () => {
  it('fans in: of ten producers with an end each, iteration ends when the last closes (CH-01)', () =>
    virtually(async () => {
      const [send, receive] = channel<string>();
      expectTypeOf(send).toEqualTypeOf<SendChannel<string>>();
      const got = background(() => collect(receive));
      await withTaskGroup((tg) => {
        for (let p = 0; p < 10; p++) {
          const mine = send.clone();
          tg.spawn(async () => {
            for (let i = 0; i < 3; i++) {
              await sleep(p);
              await mine.send(`${p}.${i}`);
            }
            mine.close();
          });
        }
        send.close();
      });
      expect((await got).toSorted()).toEqual(Array.from({ length: 30 }, (_, i) => `${Math.floor(i / 3)}.${i % 3}`));
    }));

  it('fans out: each item goes to one consumer, and all of them end', () =>
    virtually(async () => {
      const [send, receive] = channel<number>(2);
      const consumers = [1, 2, 3].map(() => background(() => collect(receive.clone())));
      await waitAllTasksBlocked();
      receive.close();
      for (let i = 0; i < 9; i++) await send.send(i);
      send.close();
      expect((await Promise.all(consumers)).flat().toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }));

  it('of capacity 0 is a rendezvous: send waits for the receiver (CH-09)', () =>
    virtually(async () => {
      const [send, receive] = channel<number>();
      expect(await refusal(() => receive.receiveNowait())).toBe('WouldBlock OFFLOOP_WOULD_BLOCK: the channel is empty');
      expect(await refusal(() => send.sendNowait(1))).toBe('WouldBlock OFFLOOP_WOULD_BLOCK: no receiver waits and the channel is full');
      const sender = background(() => send.send(1));
      await waitAllTasksBlocked();
      expect([sender.settled, send.statistics().buffered]).toEqual([false, 0]);
      expect(await receive.receive()).toBe(1);
      await sender;
      const receiver = background(() => receive.receive());
      await waitAllTasksBlocked();
      send.sendNowait(2);
      expect(await failure(() => send.sendNowait(3))).toBeInstanceOf(WouldBlock);
      expect(await receiver).toBe(2);
    }));

  it('keeps items in order, through the buffer and from those who wait to send', () =>
    virtually(async () => {
      const [send, receive] = channel<number>(2);
      const senders = [1, 2, 3, 4, 5].map((n) => background(() => send.send(n)));
      await waitAllTasksBlocked();
      expect(send.statistics()).toMatchObject({ buffered: 2, waitingSend: 3 });
      expect(await failure(() => send.sendNowait(6))).toBeInstanceOf(WouldBlock);
      expect([receive.receiveNowait(), await receive.receive()]).toEqual([1, 2]);
      send.close(); // what waits on this end is refused; what has got into the buffer stays
      expect(await collect(receive)).toEqual([3, 4]);
      expect(await refusal(() => senders[4])).toBe(senderClosed);
    }));

  it('of infinite capacity never makes a sender wait', () =>
    virtually(async () => {
      const [send, receive] = channel<number>(Infinity);
      for (let i = 0; i < 5_000; i++) send.sendNowait(i);
      send.close();
      expect(await collect(receive)).toHaveLength(5_000);
    }));

  it('counts all there is to count, also after a cancel (CH-07)', () =>
    virtually(async () => {
      const [send, receive] = channel<number>(2);
      const none = { buffered: 0, capacity: 2, peak: 0, senders: 1, receivers: 1, waitingSend: 0, waitingReceive: 0 };
      expect([send.statistics(), receive.statistics()]).toEqual([none, none]);
      const [send2, receive2] = [send.clone(), receive.clone()];
      const waiting = [background(() => receive.receive()), background(() => receive2.receive())];
      await waitAllTasksBlocked();
      expect(send.statistics()).toEqual({ ...none, senders: 2, receivers: 2, waitingReceive: 2 });
      for (const w of waiting) w.cancel();
      await Promise.all(waiting.map((w) => w.wait()));
      expect(receive.statistics()).toMatchObject({ waitingReceive: 0 });
      for (const n of [1, 2]) await send.send(n);
      const blocked = background(() => send2.send(3));
      await waitAllTasksBlocked();
      expect(send.statistics()).toMatchObject({ buffered: 2, peak: 2, waitingSend: 1 });
      blocked.cancel();
      await blocked.wait();
      receive.receiveNowait();
      expect(send.statistics()).toMatchObject({ buffered: 1, peak: 2, waitingSend: 0 });
      expect(Object.isFrozen(send.statistics())).toBe(true);
      expect([String(send), String(receive)]).toEqual([
        '<SendChannel 1 of 2 buffered, senders: 2, receivers: 2>',
        '<ReceiveChannel 1 of 2 buffered, senders: 2, receivers: 2>',
      ]);
      send2.close();
      receive2.close();
      expect(send.statistics()).toMatchObject({ senders: 1, receivers: 1 });
    }));

  it('a tight loop of sends and receives does not starve the loop', () =>
    virtually(async () => {
      const [send, receive] = channel<number>(1);
      const loop = { turned: false };
      setImmediate(() => (loop.turned = true));
      for (let i = 0; i < 100_000 && !loop.turned; i++) {
        await send.send(i);
        await receive.receive();
      }
      expect(loop.turned).toBe(true);
    }));

  const text = 'Expected capacity to be a whole number from 0 up, or Infinity, got';
  const bad: [unknown, string][] = [
    [-1, `RangeError OFFLOOP_OUT_OF_RANGE: ${text} -1 (number)`],
    [0.5, `RangeError OFFLOOP_OUT_OF_RANGE: ${text} 0.5 (number)`],
    [NaN, `RangeError OFFLOOP_OUT_OF_RANGE: ${text} NaN (number)`],
    ['1', `TypeError OFFLOOP_INVALID_ARGUMENT: ${text} '1' (string)`],
  ];
  it.each(bad)('of capacity %j is refused', async (capacity, message) => {
    expect(await refusal(() => channel(capacity as number))).toBe(message);
  });
});

describe('closing', () => {
  it('the own end: its calls throw ClosedResourceError, also one that is blocked (CH-03)', () =>
    virtually(async () => {
      const [send, receive] = channel<number>();
      const sending = background(() => send.send(1));
      await waitAllTasksBlocked();
      send.close();
      expect(await refusal(() => sending)).toBe(senderClosed);
      for (const call of [() => send.send(2), () => send.sendNowait(2), () => send.clone()]) expect(await refusal(call)).toBe(senderClosed);
      send.close();
      send[Symbol.dispose]();
      expect(send.statistics()).toMatchObject({ senders: 0, receivers: 1 });

      const [, receive2] = channel<number>();
      const receiving = background(() => receive2.receive());
      await waitAllTasksBlocked();
      receive2[Symbol.dispose]();
      expect(await refusal(() => receiving)).toBe(receiverClosed);
      for (const call of [() => receive2.receive(), () => receive2.receiveNowait(), () => receive2.clone(), () => collect(receive2)]) {
        expect(await refusal(call)).toBe(receiverClosed);
      }
      receive2.close();
      expect(receive2.statistics()).toMatchObject({ senders: 1, receivers: 0 });
      receive.close();
    }));

  it('the last receiver: senders get BrokenResourceError, also those blocked; what was buffered is gone (CH-03)', () =>
    virtually(async () => {
      const [send, receive] = channel<number>(1);
      send.sendNowait(1);
      const blocked = background(() => send.send(2));
      await waitAllTasksBlocked();
      receive.close();
      expect(await refusal(() => blocked)).toBe(noReceivers);
      expect([await refusal(() => send.send(3)), await refusal(() => send.sendNowait(3))]).toEqual([noReceivers, noReceivers]);
      expect(send.statistics()).toMatchObject({ buffered: 0, waitingSend: 0, receivers: 0 });
    }));

  it('the last sender ends a receive that waits, and the iteration (CH-03, CH-17)', () =>
    virtually(async () => {
      const [send, receive] = channel<number>();
      const [one, all] = [background(() => receive.receive()), background(() => collect(receive))];
      await waitAllTasksBlocked();
      send.close();
      expect(await refusal(() => one)).toBe(noSenders);
      expect(await all).toEqual([]);
      expect([await refusal(() => receive.receive()), await refusal(() => receive.receiveNowait())]).toEqual([noSenders, noSenders]);
    }));

  it('one of several ends only ends the calls on that one (CH-05)', () =>
    virtually(async () => {
      const [send, receive] = channel<number>();
      const send2 = send.clone();
      const [a, b] = [background(() => send.send(1)), background(() => send2.send(2))];
      await waitAllTasksBlocked();
      send.close();
      expect(await refusal(() => a)).toBe(senderClosed);
      expect([b.settled, await receive.receive()]).toEqual([false, 2]);
      await b;

      const receive2 = receive.clone();
      const [c, d] = [background(() => receive.receive()), background(() => receive2.receive())];
      await waitAllTasksBlocked();
      receive.close();
      expect(await refusal(() => c)).toBe(receiverClosed);
      await send2.send(3);
      expect(await d).toBe(3);
    }));

  it('the sender leaves what it sent in the buffer (CH-19)', () =>
    virtually(async () => {
      const [send, receive] = channel<number>(3);
      for (const n of [1, 2, 3]) await send.send(n);
      send.close();
      expect([await receive.receive(), receive.receiveNowait()]).toEqual([1, 2]);
      expect(await collect(receive)).toEqual([3]);
      expect(await failure(() => receive.receive())).toBeInstanceOf(BrokenResourceError);
    }));

  it('in the tick of the hand-over takes nothing back', () =>
    virtually(async () => {
      const [send, receive] = channel<number>();
      const receiving = background(() => receive.receive());
      await waitAllTasksBlocked();
      send.sendNowait(1);
      receive.close();
      send.close();
      expect(await receiving).toBe(1);

      const [send2, receive2] = channel<number>();
      const sending = background(() => send2.send(2));
      await waitAllTasksBlocked();
      expect(receive2.receiveNowait()).toBe(2);
      send2.close();
      receive2.close();
      await sending;
    }));

  it('an end while iterating over it ends the loop with ClosedResourceError', () =>
    virtually(async () => {
      const [, receive] = channel<number>();
      const all = background(() => collect(receive));
      await waitAllTasksBlocked();
      receive.close();
      expect(await refusal(() => all)).toBe(receiverClosed);
    }));

  it('a clone made before keeps its side open', () =>
    virtually(async () => {
      const [send, receive] = channel<number>(1);
      const [send2, receive2] = [send.clone(), receive.clone()];
      send.close();
      receive.close();
      await send2.send(1);
      expect(await receive2.receive()).toBe(1);
      send2.close();
      expect(await collect(receive2)).toEqual([]);
    }));
});

describe('cancelling', () => {
  it('a receive that timed out leaves nobody, and a send afterwards works (CH-11)', () =>
    virtually(async () => {
      const [send, receive] = channel<string>(1);
      expect(await moveOnAfter(10, () => receive.receive())).toBeUndefined();
      send.sendNowait('kept');
      expect(await receive.receive()).toBe('kept');
    }));

  it('in a cancelled scope nothing is sent or received, though it could be (CH-13)', () =>
    virtually(async () => {
      const [send, receive] = channel<number>(2);
      send.sendNowait(1);
      await new CancelScope().run(async (s) => {
        s.cancel();
        expect(await failure(() => send.send(2))).toBeInstanceOf(CancelledError);
        expect(await failure(() => receive.receive())).toBeInstanceOf(CancelledError);
      });
      expect([receive.receiveNowait(), send.statistics().buffered]).toEqual([1, 0]);
    }));

  it('a receive, then sending: the item stays in the buffer (CH-15)', () =>
    virtually(async () => {
      const [send, receive] = channel<string>(1);
      const receiver = background(() => receive.receive());
      await waitAllTasksBlocked();
      receiver.cancel();
      send.sendNowait('hello');
      await receiver.wait();
      expect([receiver.state, receive.receiveNowait()]).toEqual(['cancelled', 'hello']);
    }));

  it('after the item was handed over: the receiver has it, and its next checkpoint throws (CH-15)', () =>
    virtually(async () => {
      const [send, receive] = channel<string>();
      const got: string[] = [];
      const receiver = background(async () => {
        got.push(await receive.receive());
        await checkpoint();
        got.push('never');
      });
      await waitAllTasksBlocked();
      send.sendNowait('hello');
      receiver.cancel();
      await receiver.wait();
      expect([got, receiver.state]).toEqual([['hello'], 'cancelled']);
    }));

  it('a sender: its item was not sent, the next one is; a sender whose item was taken has sent it', () =>
    virtually(async () => {
      const [send, receive] = channel<number>();
      const [a, b] = [background(() => send.send(1)), background(() => send.send(2))];
      await waitAllTasksBlocked();
      a.cancel();
      expect(receive.receiveNowait()).toBe(2);
      b.cancel();
      await Promise.all([a.wait(), b.wait()]);
      expect([a.state, b.state, send.statistics().waitingSend]).toEqual(['cancelled', 'done', 0]);
    }));

  it('and closing in one tick: the first to come counts', () =>
    virtually(async () => {
      const [send, receive] = channel<number>();
      const [a, b] = [background(() => receive.receive()), background(() => receive.receive())];
      await waitAllTasksBlocked();
      a.cancel();
      send.close();
      b.cancel();
      expect(await failure(a)).toBeInstanceOf(CancelledError);
      expect(await failure(b)).toBeInstanceOf(BrokenResourceError);
    }));

  it('receiveNowait lets a blocked sender go on (CH-21)', () =>
    virtually(async () => {
      const [send, receive] = channel<number>(1);
      await send.send(1);
      const blocked = background(() => send.send(2));
      await waitAllTasksBlocked();
      expect(receive.receiveNowait()).toBe(1);
      await blocked;
      expect([send.statistics().buffered, receive.receiveNowait()]).toEqual([1, 2]);
    }));

  it('an iteration ends it where it waits; leaving the loop early leaves the channel open', () =>
    virtually(async () => {
      const [send, receive] = channel<number>(3);
      for (const n of [1, 2, 3]) send.sendNowait(n);
      for await (const n of receive) if (n === 2) break;
      expect(receive.receiveNowait()).toBe(3);
      expect(await moveOnAfter(10, () => collect(receive), { fallback: 'moved on' })).toBe('moved on');
      send.sendNowait(4);
      expect(receive.receiveNowait()).toBe(4);
    }));
});

it('whoever sends, receives, closes, is cancelled or times out: no item is lost or doubled, and nobody is left', async () => {
  const actor = fc.record({
    begin: fc.nat({ max: 10 }),
    pace: fc.nat({ max: 5 }),
    items: fc.nat({ max: 6 }),
    limit: fc.integer({ min: 1, max: 60 }),
    cancelAt: fc.option(fc.nat({ max: 40 })),
    nowait: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 3 }), fc.array(actor, { maxLength: 6 }), fc.array(actor, { maxLength: 6 }), (capacity, producers, consumers) =>
      virtually(async () => {
        const [send, receive] = channel<string>(capacity);
        const rest = receive.clone();
        const sent: string[] = [];
        const got = [...consumers, 'the rest'].map((): string[] => []);
        const closing = (error: unknown): void => {
          if (!(error instanceof BrokenResourceError) && !(error instanceof WouldBlock)) throw error;
        };
        const produce = (end: SendChannel<string>, p: (typeof producers)[number], n: number) => async (): Promise<void> => {
          for (let i = 0; i < p.items; i++) {
            const item = `${n}.${i}`;
            if (p.nowait) end.sendNowait(item);
            else await end.send(item);
            sent.push(item);
            await sleep(p.pace);
          }
        };
        const consume = (end: ReceiveChannel<string>, c: (typeof consumers)[number], by: string[]) => async (): Promise<void> => {
          if (c.nowait) {
            for (let i = 0; i < c.items; i++) {
              by.push(end.receiveNowait());
              await sleep(c.pace);
            }
          } else {
            for await (const item of end) {
              by.push(item);
              await sleep(c.pace);
            }
          }
        };
        await withTaskGroup((tg) => {
          const act = (a: (typeof producers)[number], end: Disposable, body: () => Promise<void>): void => {
            const task = tg.spawn(async () => {
              try {
                await sleep(a.begin);
                await moveOnAfter(a.limit, () => body().catch(closing));
              } finally {
                end[Symbol.dispose]();
              }
            });
            const { cancelAt } = a;
            if (cancelAt !== null) tg.spawn(() => sleep(cancelAt).then(() => void task.cancel()));
          };
          producers.forEach((p, n) => {
            const end = send.clone();
            act(p, end, produce(end, p, n));
          });
          consumers.forEach((c, n) => {
            const end = receive.clone();
            act(c, end, consume(end, c, got[n]!));
          });
          receive.close();
          send.close();
        });
        for (;;) {
          try {
            got.at(-1)!.push(rest.receiveNowait());
          } catch (error) {
            expect(error).toBeInstanceOf(BrokenResourceError);
            break;
          }
        }
        expect(got.flat().toSorted()).toEqual(sent.toSorted());
        for (const mine of got) {
          const byProducer = producers.map((_p, n) => mine.filter((item) => item.startsWith(`${n}.`)));
          for (const items of byProducer) expect(items).toEqual(items.toSorted());
        }
        const { peak, ...now } = rest.statistics();
        expect(peak).toBeLessThanOrEqual(capacity);
        expect(now).toEqual({ buffered: 0, capacity, senders: 0, receivers: 1, waitingSend: 0, waitingReceive: 0 });
      }),
    ),
    { numRuns: 150 },
  );
}); // prettier-ignore
