/** A FIFO queue between tasks, with an optional bound that makes producers wait. */
import { InvalidStateError, QueueEmpty, QueueFull, QueueShutDown } from '../base/errors.ts';
import { Ring } from '../base/ring.ts';
import { checkBoolean, checkCount, ownOptions } from '../base/validate.ts';
import { here } from '../core/scope.ts';
import { done, doneWith } from '../core/turn.ts';
import { parkIn, WaitQueue } from '../core/waiter.ts';
import { pull } from './pull.ts';

export interface QueueStats {
  size: number;
  maxSize: number;
  unfinished: number;
  waitingGet: number;
  waitingPut: number;
}

/** The order in which items come out. */
export interface ItemStore<T> {
  readonly size: number;
  push(item: T): void;
  shift(): T;
  clear(): void;
}

export class Queue<T> implements AsyncIterable<T> {
  readonly maxSize: number;
  readonly #items: ItemStore<T>;
  readonly #getters = new WaitQueue<T, void>('Queue.get', this);
  readonly #putters = new WaitQueue<void, T>('Queue.put', this);
  readonly #joiners = new WaitQueue<void, void>('Queue.join', this);
  #unfinished = 0;
  #shutDown = false;

  constructor(maxSize: number = Infinity, store?: ItemStore<T>) {
    checkCount('maxSize', maxSize, 0, { infinite: true });
    this.maxSize = maxSize === 0 ? Infinity : maxSize; // 0 = no bound, as in asyncio
    this.#items = store ?? new Ring<T>();
  }

  get size(): number {
    return this.#items.size;
  }

  get empty(): boolean {
    return this.#items.size === 0;
  }

  get full(): boolean {
    return this.#items.size >= this.maxSize;
  }

  /** Items that were put and not yet marked by `taskDone()`. */
  get unfinished(): number {
    return this.#unfinished;
  }

  /**
   * Puts an item at the end.
   *
   * - Waits for: room, in a bounded queue.
   * - On cancel: the item was not put.
   * - Order: first come, first served, among producers and among items.
   * - Throws: CancelledError; QueueShutDown.
   */
  put(item: T): Promise<void> {
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    if (this.#shutDown) return Promise.reject(new QueueShutDown());
    if (this.full) return this.#putters.park(scope, item);
    try {
      this.#accept(item);
    } catch (error) {
      return Promise.reject(error); // the comparison of a priority queue
    }
    return done();
  }

  /** Puts an item without waiting. Throws QueueFull or QueueShutDown. */
  putNowait(item: T): void {
    if (this.#shutDown) throw new QueueShutDown();
    if (this.full) throw new QueueFull(`the queue is full (maxSize ${this.maxSize})`);
    this.#accept(item);
  }

  /**
   * Takes the next item.
   *
   * - Waits for: an item.
   * - On cancel: nothing was taken.
   * - Order: first come, first served; an item goes straight to the longest waiter.
   * - Throws: CancelledError; QueueShutDown when the queue was shut down and is empty.
   */
  get(): Promise<T> {
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    if (this.#items.size === 0) return this.#shutDown ? Promise.reject(new QueueShutDown()) : this.#getters.park(scope, undefined);
    try {
      return doneWith(this.#take());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Takes the next item without waiting. Throws QueueEmpty, or QueueShutDown when there will be no more. */
  getNowait(): T {
    if (this.#items.size > 0) return this.#take();
    throw this.#shutDown ? new QueueShutDown() : new QueueEmpty();
  }

  #accept(item: T): void {
    const getter = this.#getters.shift();
    if (getter !== null) getter.grant(item);
    else this.#items.push(item);
    this.#unfinished++;
  }

  #take(): T {
    const item = this.#items.shift();
    this.#admit();
    return item;
  }

  /** Lets the longest waiting producer in. One whose item cannot be compared is told so itself; the consumer is not. */
  #admit(): void {
    for (let putter = this.#putters.shift(); putter !== null; putter = this.#putters.shift()) {
      try {
        this.#accept(putter.carried);
        return putter.grant(undefined);
      } catch (error) {
        putter.refuse(error);
      }
    }
  }

  /** Marks one item that was taken as dealt with. Throws InvalidStateError when called more often than items were put. */
  taskDone(): void {
    if (this.#unfinished === 0) throw new InvalidStateError('taskDone() was called more often than items were put');
    if (--this.#unfinished === 0) this.#releaseJoiners();
  }

  #releaseJoiners(): void {
    for (let j = this.#joiners.shift(); j !== null; j = this.#joiners.shift()) j.grant(undefined);
  }

  /**
   * Waits until every item that was put has been marked by `taskDone()`.
   *
   * - Waits for: the last `taskDone()`.
   * - On cancel: stops waiting.
   * - Order: all waiters resume together.
   * - Throws: CancelledError.
   */
  join(): Promise<void> {
    if (this.#unfinished > 0) return parkIn(this.#joiners, undefined);
    const reason = here().effective;
    return reason === null ? done() : Promise.reject(reason);
  }

  /**
   * Ends the queue: nothing can be put any more; waiting producers get QueueShutDown (their items were not put); consumers
   * get what is left, then QueueShutDown. With `immediate` what is left is dropped and counted as dealt with.
   */
  shutdown(options?: { immediate?: boolean }): void {
    const o = ownOptions<{ immediate?: boolean }>('options', options, ['immediate']);
    if (o.immediate !== undefined) checkBoolean('options.immediate', o.immediate);
    this.#shutDown = true;
    if (o.immediate === true) this.#drop();
    for (let p = this.#putters.shift(); p !== null; p = this.#putters.shift()) p.refuse(new QueueShutDown());
    for (let g = this.#getters.shift(); g !== null; g = this.#getters.shift()) g.refuse(new QueueShutDown());
  }

  #drop(): void {
    this.#unfinished = Math.max(0, this.#unfinished - this.#items.size);
    this.#items.clear();
    if (this.#unfinished === 0) this.#releaseJoiners();
  }

  /** Takes items until the queue is shut down and empty. A `next` that is cancelled takes nothing, and the next one goes on. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return pull(
      () => this.get(),
      (error) => error instanceof QueueShutDown,
    );
  }

  statistics(): QueueStats {
    return Object.freeze({
      size: this.size,
      maxSize: this.maxSize,
      unfinished: this.#unfinished,
      waitingGet: this.#getters.size,
      waitingPut: this.#putters.size,
    });
  }

  toString(): string {
    const getters = this.#getters.size === 0 ? '' : ` getters=${this.#getters.size}`;
    const putters = this.#putters.size === 0 ? '' : ` putters=${this.#putters.size}`;
    const end = this.#shutDown ? ' shutdown' : '';
    return `<${this.constructor.name} size=${this.size} maxSize=${this.maxSize} unfinished=${this.#unfinished}${getters}${putters}${end}>`;
  }
}
