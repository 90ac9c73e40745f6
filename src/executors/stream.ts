/**
 * The near side of an offloaded generator; the far side is `workers/stream.ts`. Items come in batches on the worker's channel,
 * so they are in order with the job's end, and those that a worker sent before it died still count.
 *
 * Credit: the worker may have `highWaterMark` items out that the consumer has not taken. When half of them are taken, it is
 * told so. A generator without credit is not advanced; nothing blocks, so it is the same for threads and processes.
 */
import { CancelledError, ClosedResourceError } from '../base/errors.ts';
import { wrongType } from '../base/validate.ts';
import { Ring } from '../base/ring.ts';
import { here } from '../core/scope.ts';
import { doneWith } from '../core/turn.ts';
import { WaitQueue } from '../core/waiter.ts';
import type { FromJob } from '../wire/protocol.ts';
import { decodeValues } from '../wire/transfer.ts';
import type { JobInit } from './job.ts';
import { StreamJob } from './stream-job.ts';
import type { Tie, Wire } from './ties.ts';

export type Item = IteratorResult<unknown, undefined>;
const NOTHING: readonly object[] = [];
const END: Item = Object.freeze({ done: true, value: undefined });

export class Stream implements Tie {
  readonly extras: { readonly credit: number };
  #isGenerator: boolean;
  #whenGenerator: (() => void)[] = [];
  readonly #highWaterMark: number;
  readonly #chunks = new Ring<unknown[]>();
  #chunk: unknown[] | null = null; // the items that are next, from `#at` on
  #at = 0;
  #taken = 0; // since the worker was told
  #granted: boolean; // it may send items
  readonly #consumers = new WaitQueue<Item | null, object | null>('OffloadedStream.next', this);
  #wire: Wire | null = null;
  #job!: StreamJob;
  #held = true; // somebody waits for the worker
  #broken: { readonly error: unknown } | null = null; // what came could not be read
  #over = false; // the consumer knows how it ended

  /** `sure`: the function is a generator. Otherwise it may be any function, and no item comes before one is asked for. */
  constructor(highWaterMark: number, sure: boolean) {
    this.#highWaterMark = highWaterMark;
    this.#isGenerator = this.#granted = sure;
    this.extras = { credit: sure ? highWaterMark : 0 };
  }

  /** Once, before it is submitted. */
  makeJob(init: JobInit): StreamJob {
    this.#job = new StreamJob(this, init);
    this.#job.onSettled(() => this.#ended());
    return this.#job;
  }

  /** The function is known to be a generator, or has turned out to be one. */
  get isGenerator(): boolean {
    return this.#isGenerator;
  }

  /** Calls back when it turns out to be one. */
  whenGenerator(cb: () => void): void {
    if (this.#isGenerator) cb();
    else this.#whenGenerator.push(cb);
  }

  #foundOut(): void {
    this.#isGenerator = true;
    for (const cb of this.#whenGenerator.splice(0)) cb();
  }

  // ── what the consumer does

  /** `handle` is what the consumer holds: it is not collected while it waits. */
  next(handle: object | null): Promise<Item> {
    if (this.#chunk !== null && here().effective === null) return doneWith<Item>({ done: false, value: this.#take(this.#chunk) });
    return this.#wait(handle);
  }

  #take(chunk: unknown[]): unknown {
    const value = chunk[this.#at];
    chunk[this.#at++] = undefined; // it may be large
    if (this.#at === chunk.length) {
      this.#chunk = this.#chunks.size > 0 ? this.#chunks.shift() : null;
      this.#at = 0;
    }
    if (++this.#taken * 2 >= this.#highWaterMark) this.#grant(this.#taken);
    return value;
  }

  #grant(items: number): void {
    this.#taken = 0;
    if (!this.#job.settled) this.#wire?.post({ type: 'credit', id: this.#job.id, items }, NOTHING);
  }

  async #wait(handle: object | null): Promise<Item> {
    const scope = here();
    if (scope.effective !== null) return await this.#interrupted(scope.interrupt());
    if (this.#over || this.#job.settled) return this.#finish();
    if (!this.#granted && this.#wire !== null) this.#grantFirst();
    this.#granted = true;
    this.#hold(true);
    const item = await this.#consumers.park(scope, handle).catch((error: CancelledError) => this.#interrupted(error));
    return item ?? this.#finish();
  }

  #grantFirst(): void {
    this.#grant(this.#highWaterMark);
  }

  /** A cancelled consumer goes on when the generator has cleaned up, or as `onCancel` says. */
  async #interrupted(error: CancelledError): Promise<never> {
    this.#over = true;
    this.#clear();
    this.#job.cancelWith(error);
    await this.#settled();
    throw error;
  }

  #settled(): Promise<void> {
    if (this.#job.settled) return Promise.resolve();
    this.#hold(true);
    return new Promise((resolve) => this.#job.onSettled(() => resolve()));
  }

  /** There are no more items: the error, once, or the end. */
  #finish(): Item {
    if (this.#over) return END;
    this.#over = true;
    if (this.#broken !== null) throw this.#broken.error;
    const job = this.#job;
    if (job.orphaned) throw new ClosedResourceError('the scope in which this stream was made has ended, and the stream with it');
    if (job.state !== 'done') throw job.error();
    if (!this.#isGenerator) throw wrongType(`what ${job.name} returned`, 'a generator (await the call to get its result)', job.result());
    return END;
  }

  /** The consumer wants no more: ends the generator and waits for it. Throws what its cleaning up threw. */
  async leave(): Promise<void> {
    const job = this.#job;
    const heard = this.#over;
    this.#over = true;
    this.#clear();
    if (job.settled) return heard ? undefined : this.#reportUnheard();
    job.left = true;
    this.#wire?.post({ type: 'close', id: job.id }, NOTHING);
    job.cancelWith(new CancelledError({ source: 'explicit', reason: 'the consumer has left the stream' }));
    await this.#settled();
    const { cleanupFailure } = job;
    job.cleanupFailure = null;
    if (cleanupFailure !== null) throw cleanupFailure.error;
  }

  /** It failed behind items that nobody took. */
  #reportUnheard(): void {
    const job = this.#job;
    if (!job.failed) return;
    job.runtime.report({ message: 'A stream failed after its consumer had stopped', error: job.error(), task: job });
  }

  #clear(): void {
    this.#chunk = null;
    this.#chunks.clear();
  }

  /** Nobody holds the stream any more. */
  forgotten(): void {
    const { runtime } = this.#job;
    this.leave().catch((error: unknown) => runtime.report({ message: 'A stream that nobody uses failed to clean up', error }));
  }

  // ── what the worker does

  connected(wire: Wire): void {
    this.#wire = wire;
    if (!this.#held) wire.keepAlive(false);
    if (this.#granted && this.extras.credit === 0) this.#grantFirst();
  }

  heard(message: FromJob): boolean {
    if (message.type !== 'items') return false;
    if (!this.#isGenerator) this.#foundOut();
    if (this.#over || this.#broken !== null || this.#job.settled) return true;
    try {
      this.#receive(message.encoded ? decodeValues(message.items) : (message.items as unknown[]));
    } catch (error) {
      this.#broken = { error }; // its class is not registered here, or has a codec that fails
      this.#job.cancelWith(new CancelledError({ source: 'sibling', reason: error }));
    }
    return true;
  }

  #receive(items: unknown[]): void {
    if (items.length === 0) return;
    if (this.#chunk === null) {
      this.#chunk = items;
      this.#at = 0;
    } else this.#chunks.push(items);
    while (this.#chunk !== null && this.#consumers.size > 0) {
      this.#consumers.shift()?.grant({ done: false, value: this.#take(this.#chunk) });
    }
    if (this.#consumers.size === 0) this.#hold(false);
  }

  #ended(): void {
    const job = this.#job;
    if (!this.#held) job.runtime.external++; // the job has counted itself out
    this.#held = true;
    if (job.failed) job.error(); // ours to tell
    for (let c = this.#consumers.shift(); c !== null; c = this.#consumers.shift()) c.grant(null);
  }

  /** A worker keeps the process alive, and stops virtual time, only while somebody waits for it. */
  #hold(on: boolean): void {
    if (on === this.#held || this.#job.settled) return;
    this.#held = on;
    this.#job.runtime.external += on ? 1 : -1;
    this.#wire?.keepAlive(on);
  }
}
