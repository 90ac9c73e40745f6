/**
 * The far side of a stream: advances a generator as long as it has credit, and sends what it yields; the near side is
 * `src/executors/stream.ts`.
 *
 * Small items travel many per message, but none waits for a slow one: the first goes alone, then twice as many at a time,
 * and at once after a millisecond, or when the generator waits for something. Nothing here blocks: a generator without
 * credit is just not advanced. Every few milliseconds the worker's loop gets a turn, for messages and for the user's timers.
 */
import { types } from 'node:util';
import { CancelledError } from '../src/base/errors.ts';
import { isThenable } from '../src/core/thenable.ts';
import { nextTurn } from '../src/core/turn.ts';
import { Waiter } from '../src/core/waiter.ts';
import { notCloneable } from '../src/wire/clone-path.ts';
import type { FromWorker } from '../src/wire/protocol.ts';
import { collectTransfer, encodeValues } from '../src/wire/transfer.ts';
import type { JobScope } from './job.ts';
import { ReuseWatch } from './reuse-watch.ts';

const MAX_BATCH = 128;
/** Milliseconds that an item may wait for others. */
const FLUSH_AFTER = 1;
const TURN_AFTER = 10;

/** Throws what cannot be cloned. */
interface Channel {
  postMessage(message: FromWorker, transfer?: readonly object[]): void;
}
type Step = IteratorResult<unknown, unknown>;
type AnyGenerator = Generator | AsyncGenerator;

class CreditWaiter extends Waiter<void, void> {
  override get waitingOn(): string {
    return 'the consumer of the stream';
  }
}

export class Producer {
  closing = false;
  readonly #scope: JobScope;
  readonly #channel: Channel;
  readonly #reuse = new ReuseWatch();
  readonly #unsure: boolean;
  #credit: number;
  #waiting: CreditWaiter | null = null;
  #batch: unknown[] = [];
  #limit = 1;
  #flushedAt = 0;
  #turnAt = 0;
  #flushPlanned = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(credit: number, scope: JobScope, channel: Channel) {
    this.#credit = credit;
    this.#unsure = credit === 0; // the loop does not know that this is a generator
    this.#scope = scope;
    this.#channel = channel;
  }

  /** What the function returned. A generator becomes a promise of its end; anything else is passed on. */
  take(result: unknown): unknown {
    if (!types.isGeneratorObject(result)) return result;
    if (this.#unsure) this.#send([]);
    return this.#run(result);
  }

  grant(items: number): void {
    this.#credit += items;
    this.#wake();
  }

  /** The consumer has left. A generator that is busy is not disturbed here: the cancel that follows does that. */
  close(): void {
    this.closing = this.#waiting !== null;
    this.#wake();
  }

  #wake(): void {
    const waiter = this.#waiting;
    this.#waiting = null;
    waiter?.grant();
  }

  async #run(generator: AnyGenerator): Promise<undefined> {
    this.#flushedAt = this.#turnAt = performance.now();
    try {
      await this.#advance(generator);
    } catch (error) {
      await generator.return(undefined); // it has not ended if an item of its could not be sent
      this.#flush();
      throw this.#failure === null ? error : this.#failure.error;
    }
    this.#flush();
  }

  async #advance(generator: AnyGenerator): Promise<void> {
    for (;;) {
      if (this.#credit === 0) await this.#moreCredit(generator);
      if (this.closing || this.#scope.mustStop || this.#failure !== null) return this.#stop(generator);
      let step = generator.next() as Step | PromiseLike<Step>;
      if (isThenable(step)) step = await this.#whenReady(step);
      if (step.done === true) return;
      const value = isThenable(step.value) ? await this.#whenReady(step.value) : step.value;
      this.#credit--;
      if (this.#push(value)) await this.#turn();
    }
  }

  /** The generator waits for something: what it yielded before need not. */
  #whenReady<T>(step: PromiseLike<T>): PromiseLike<T> {
    if (this.#batch.length > 0 && !this.#flushPlanned) {
      this.#flushPlanned = true;
      setImmediate(this.#flushNow);
    }
    return step;
  }

  readonly #flushNow = (): void => {
    this.#flushPlanned = false;
    try {
      this.#flush();
    } catch (error) {
      this.#failure = { error };
      this.#scope.cancelWith(new CancelledError({ source: 'sibling', reason: error }));
    }
  };

  async #moreCredit(generator: AnyGenerator): Promise<void> {
    this.#flush();
    const scope = this.#scope;
    const waiter = new CreditWaiter();
    const woken = new Promise<void>((resolve, reject) => Object.assign(waiter, { resolve, reject }));
    this.#waiting = waiter;
    if (scope.effective === null) scope.link(waiter);
    else waiter.reject(scope.effective);
    try {
      await woken;
    } catch (error) {
      this.#waiting = null;
      await generator.return(undefined);
      throw error;
    }
  }

  /** Runs the `finally` blocks of the generator. */
  async #stop(generator: AnyGenerator): Promise<void> {
    await generator.return(undefined);
    if (this.#failure !== null) throw this.#failure.error;
    if (!this.closing) throw this.#scope.effective;
  }

  /** True when the loop of this worker should have a turn. */
  #push(value: unknown): boolean {
    const single = this.#reuse.sees(value);
    this.#batch.push(value);
    const now = performance.now();
    const late = now - this.#flushedAt >= FLUSH_AFTER;
    if (single || late || this.#batch.length >= this.#limit) {
      this.#limit = single ? 1 : late ? Math.max(1, this.#batch.length >> 1) : Math.min(MAX_BATCH, this.#limit * 2);
      this.#flush();
      this.#flushedAt = now;
    }
    return now - this.#turnAt >= TURN_AFTER;
  }

  async #turn(): Promise<void> {
    await nextTurn();
    this.#turnAt = performance.now();
  }

  #flush(): void {
    const items = this.#batch;
    if (items.length === 0) return;
    this.#batch = [];
    this.#send(items);
  }

  #send(items: readonly unknown[]): void {
    const { values, replaced } = encodeValues(items);
    const transfers = values.map((value) => collectTransfer([value]));
    try {
      this.#post(values, replaced, transfers.flat());
    } catch {
      this.#sendEach(items, values, replaced, transfers);
    }
  }

  /** One of them cannot be cloned: those before it are sent, those behind it are not. */
  #sendEach(items: readonly unknown[], values: readonly unknown[], encoded: boolean, transfers: readonly (readonly object[])[]): void {
    values.forEach((value, i) => {
      try {
        this.#post([value], encoded, transfers[i] as readonly object[]);
      } catch (error) {
        throw notCloneable(items[i], 'item', error);
      }
    });
  }

  #post(items: readonly unknown[], encoded: boolean, transfer: readonly object[]): void {
    this.#channel.postMessage({ type: 'items', id: this.#scope.id, items, encoded }, transfer);
  }
}
