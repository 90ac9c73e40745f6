/** A bound on how many may do something at once. */
import { InvalidStateError } from '../base/errors.ts';
import { checkCount, ownOptions } from '../base/validate.ts';
import { probe } from '../core/probe.ts';
import { here } from '../core/scope.ts';
import { doneWith } from '../core/turn.ts';
import type { MaybePromise } from '../core/task.ts';
import { WaitQueue } from '../core/waiter.ts';
import type { Waiter } from '../core/waiter.ts';
import { holding } from './guard.ts';
import type { Guard } from './guard.ts';

class Permit implements Guard {
  #semaphore: Semaphore | null;

  constructor(semaphore: Semaphore) {
    this.#semaphore = semaphore;
  }

  release(): void {
    const semaphore = this.#semaphore;
    this.#semaphore = null;
    semaphore?.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

export interface SemaphoreOptions {
  /** The value that `release` must not exceed. Default: no bound. */
  max?: number;
}

export interface SemaphoreStats {
  value: number;
  waiting: number;
}

export class Semaphore {
  readonly #waiters = new WaitQueue<Guard, void>('Semaphore.acquire', this);
  readonly #max: number;
  #value: number;

  constructor(value: number = 1, options?: SemaphoreOptions) {
    checkCount('value', value, 0, { infinite: true });
    const o = ownOptions<SemaphoreOptions>('options', options, ['max']);
    if (o.max !== undefined) checkCount('options.max', o.max, value, { infinite: true });
    this.#value = value;
    this.#max = o.max ?? Infinity;
  }

  /** Free permits. While somebody waits this is 0. */
  get value(): number {
    return this.#value;
  }

  /** True when an acquire would have to wait. */
  get locked(): boolean {
    return this.#value === 0;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Takes one permit, waiting in line if none is free.
   *
   * - Waits for: a release.
   * - On cancel: leaves the line; no permit is held.
   * - Order: first come, first served; a release hands its permit to the longest waiter.
   * - Throws: CancelledError.
   */
  acquire(): Promise<Guard> {
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    if (this.#value === 0) return this.#waiters.park(scope, undefined);
    this.#value--;
    if (probe !== null) probe.took(this, 'Semaphore', scope.strand);
    return doneWith<Guard>(new Permit(this));
  }

  /** Takes a permit if one is free, else returns null. */
  tryAcquire(): Guard | null {
    if (this.#value === 0) return null;
    this.#value--;
    if (probe !== null) probe.took(this, 'Semaphore', here().strand);
    return new Permit(this);
  }

  /** Gives a permit back, to the longest waiter if there is one. Throws InvalidStateError above `max`. */
  release(): void {
    if (probe !== null) probe.gave(this);
    if (this.#waiters.size > 0) return this.#handOver(this.#waiters.shift() as Waiter<Guard, void>);
    // Infinity permits are never used up, so giving one back is never one too many.
    if (this.#value >= this.#max && this.#max !== Infinity) {
      throw new InvalidStateError(`Semaphore released more often than acquired: its value is ${this.#max} already`);
    }
    this.#value++;
  }

  #handOver(next: Waiter<Guard, void>): void {
    if (probe !== null) probe.took(this, 'Semaphore', next.holder?.strand);
    next.grant(new Permit(this));
  }

  /**
   * Holds a permit while `fn` runs.
   *
   * - Waits for: as `acquire`, then `fn`.
   * - On cancel: before `fn` was called, nothing has happened; later `fn` is told, and the permit is given back when it has ended.
   * - Order: as `acquire`.
   * - Throws: as `acquire`; what `fn` throws.
   */
  run<T>(fn: () => MaybePromise<T>): Promise<T> {
    return holding(() => this.acquire(), fn);
  }

  statistics(): SemaphoreStats {
    return Object.freeze({ value: this.#value, waiting: this.#waiters.size });
  }

  toString(): string {
    return `<${this.constructor.name} ${this.locked ? 'locked' : 'unlocked'}, value ${this.#value}, ${this.waiting} waiting>`;
  }
}
