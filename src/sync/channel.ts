/**
 * A pipe between tasks with two kinds of ends. Ends are cloned for several producers or consumers, and closed; when the last
 * end of a side is closed, the other side is told.
 */
import { BrokenResourceError, ClosedResourceError, WouldBlock } from '../base/errors.ts';
import { Ring } from '../base/ring.ts';
import { checkCount } from '../base/validate.ts';
import { here } from '../core/scope.ts';
import { done, doneWith } from '../core/turn.ts';
import { WaitQueue } from '../core/waiter.ts';
import { pull } from './pull.ts';

export interface ChannelStats {
  buffered: number;
  capacity: number;
  /** The most items that were buffered at once. */
  peak: number;
  senders: number;
  receivers: number;
  waitingSend: number;
  waitingReceive: number;
}

export interface SendChannel<T> extends Disposable {
  /**
   * Sends one item.
   *
   * - Waits for: a receiver, or room in the buffer.
   * - On cancel: the item was not sent.
   * - Order: first come, first served.
   * - Throws: CancelledError; ClosedResourceError when this end is closed; BrokenResourceError when nobody can receive.
   */
  send(v: T): Promise<void>;
  /** Sends without waiting; throws WouldBlock instead, and otherwise what `send` throws. */
  sendNowait(v: T): void;
  /** Another end of the same side; each is closed by itself. Throws ClosedResourceError when this end is closed. */
  clone(): SendChannel<T>;
  /** Closes this end: what waits in `send` on it is refused. Items that were sent stay. Closing twice is fine. */
  close(): void;
  statistics(): ChannelStats;
  toString(): string;
}

export interface ReceiveChannel<T> extends Disposable, AsyncIterable<T> {
  /**
   * Receives one item. Iterating ends when all senders are closed and the buffer is empty.
   *
   * - Waits for: an item.
   * - On cancel: nothing was taken.
   * - Order: first come, first served.
   * - Throws: CancelledError; ClosedResourceError when this end is closed; BrokenResourceError when nothing can come any more.
   */
  receive(): Promise<T>;
  /** Receives without waiting; throws WouldBlock instead, and otherwise what `receive` throws. */
  receiveNowait(): T;
  /** Another end of the same side; each is closed by itself. Throws ClosedResourceError when this end is closed. */
  clone(): ReceiveChannel<T>;
  /** Closes this end: what waits in `receive` on it is refused. With the last receiver go the items nobody took. */
  close(): void;
  statistics(): ChannelStats;
  toString(): string;
}

const always = (): boolean => true;
const senderIsClosed = (): Error => new ClosedResourceError('this sender is closed');
const receiverIsClosed = (): Error => new ClosedResourceError('this receiver is closed');
const noSenders = (): Error => new BrokenResourceError('every sender of the channel is closed');
const noReceivers = (): Error => new BrokenResourceError('every receiver of the channel is closed');

/** What both sides share. */
class Pipe<T> {
  readonly capacity: number;
  readonly buffer = new Ring<T>();
  readonly sending = new WaitQueue<void, { readonly end: object; readonly item: T }>('SendChannel.send', this);
  readonly receiving = new WaitQueue<T, { readonly end: object }>('ReceiveChannel.receive', this);
  senders = 0;
  receivers = 0;
  peak = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** True when the item has found its place. */
  offer(item: T): boolean {
    const receiver = this.receiving.shift();
    if (receiver !== null) receiver.grant(item);
    else if (this.buffer.size < this.capacity) this.#keep(item);
    else return false;
    return true;
  }

  #keep(item: T): void {
    this.buffer.push(item);
    this.peak = Math.max(this.peak, this.buffer.size);
  }

  /** The next item, if there is one; makes room for the sender that waits longest. */
  take(): { readonly item: T } | null {
    const sender = this.sending.shift();
    sender?.grant(undefined);
    if (this.buffer.size === 0) return sender === null ? null : sender.carried;
    const item = this.buffer.shift();
    if (sender !== null) this.#keep(sender.carried.item);
    return { item };
  }

  senderClosed(end: object): void {
    this.senders--;
    this.sending.refuseWhere((wait) => wait.end === end, senderIsClosed);
    if (this.senders === 0) this.receiving.refuseWhere(always, noSenders);
  }

  receiverClosed(end: object): void {
    this.receivers--;
    this.receiving.refuseWhere((wait) => wait.end === end, receiverIsClosed);
    if (this.receivers > 0) return;
    this.buffer.clear(); // nobody can take it any more
    this.sending.refuseWhere(always, noReceivers);
  }

  statistics(): ChannelStats {
    const { capacity, peak, senders, receivers } = this;
    return Object.freeze({
      buffered: this.buffer.size,
      capacity,
      peak,
      senders,
      receivers,
      waitingSend: this.sending.size,
      waitingReceive: this.receiving.size,
    });
  }

  describe(side: string): string {
    return `<${side} ${this.buffer.size} of ${this.capacity} buffered, senders: ${this.senders}, receivers: ${this.receivers}>`;
  }
}

class Sender<T> implements SendChannel<T> {
  readonly #pipe: Pipe<T>;
  #closed = false;

  constructor(pipe: Pipe<T>) {
    this.#pipe = pipe;
    pipe.senders++;
  }

  send(v: T): Promise<void> {
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    const refusal = this.#refusal();
    if (refusal !== null) return Promise.reject(refusal);
    return this.#pipe.offer(v) ? done() : this.#pipe.sending.park(scope, { end: this, item: v });
  }

  sendNowait(v: T): void {
    const refusal = this.#refusal();
    if (refusal !== null) throw refusal;
    if (!this.#pipe.offer(v)) throw new WouldBlock('no receiver waits and the channel is full');
  }

  #refusal(): Error | null {
    if (this.#closed) return senderIsClosed();
    return this.#pipe.receivers === 0 ? noReceivers() : null;
  }

  clone(): SendChannel<T> {
    if (this.#closed) throw senderIsClosed();
    return new Sender(this.#pipe);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pipe.senderClosed(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  statistics(): ChannelStats {
    return this.#pipe.statistics();
  }

  toString(): string {
    return this.#pipe.describe('SendChannel');
  }
}

class Receiver<T> implements ReceiveChannel<T> {
  readonly #pipe: Pipe<T>;
  #closed = false;

  constructor(pipe: Pipe<T>) {
    this.#pipe = pipe;
    pipe.receivers++;
  }

  receive(): Promise<T> {
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    if (this.#closed) return Promise.reject(receiverIsClosed());
    const taken = this.#pipe.take();
    if (taken !== null) return doneWith(taken.item);
    if (this.#pipe.senders === 0) return Promise.reject(noSenders());
    return this.#pipe.receiving.park(scope, { end: this });
  }

  receiveNowait(): T {
    if (this.#closed) throw receiverIsClosed();
    const taken = this.#pipe.take();
    if (taken !== null) return taken.item;
    if (this.#pipe.senders === 0) throw noSenders();
    throw new WouldBlock('the channel is empty');
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return pull(
      () => this.receive(),
      (error) => error instanceof BrokenResourceError,
    );
  }

  clone(): ReceiveChannel<T> {
    if (this.#closed) throw receiverIsClosed();
    return new Receiver(this.#pipe);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pipe.receiverClosed(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  statistics(): ChannelStats {
    return this.#pipe.statistics();
  }

  toString(): string {
    return this.#pipe.describe('ReceiveChannel');
  }
}

/** A channel that buffers up to `capacity` items; 0 (the default) hands each item from a sender to a receiver that waits for it. */
export function channel<T>(capacity = 0): [SendChannel<T>, ReceiveChannel<T>] {
  checkCount('capacity', capacity, 0, { infinite: true });
  const pipe = new Pipe<T>(capacity);
  return [new Sender(pipe), new Receiver(pipe)];
}
