/** A bound on how many may do something at once. */
import { here } from '../core/scope.ts';
import { doneWith } from '../core/turn.ts';
import type { MaybePromise } from '../core/task.ts';
import { WaitQueue } from '../core/waiter.ts';
import { checkCount, checkFunction, ownOptions } from '../base/validate.ts';
import { InvalidStateError } from '../base/errors.ts';

/** What an acquire returns: releases once, however often it is asked to. */
export interface Guard extends Disposable {
  release(): void;
}

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

export class Semaphore {
  readonly #waiters = new WaitQueue<Guard, void>();
  readonly #max: number;
  #value: number;

  constructor(value = 1, options?: SemaphoreOptions) {
    checkCount('value', value, 0, { infinite: true });
    const o = ownOptions<SemaphoreOptions>('options', options, ['max']);
    if (o.max !== undefined) checkCount('options.max', o.max, Math.max(value, 1), { infinite: true });
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
    if (scope.effective !== null) return Promise.reject(scope.effective);
    if (this.#value === 0) return this.#waiters.park(scope, undefined);
    this.#value--;
    return doneWith<Guard>(new Permit(this));
  }

  /** Takes a permit if one is free, else returns null. */
  tryAcquire(): Guard | null {
    if (this.#value === 0) return null;
    this.#value--;
    return new Permit(this);
  }

  /** Gives a permit back, to the longest waiter if there is one. Throws InvalidStateError above `max`. */
  release(): void {
    const next = this.#waiters.shift();
    if (next !== null) return next.grant(new Permit(this));
    if (this.#value >= this.#max) throw new InvalidStateError(`Semaphore released more often than acquired: its value is ${this.#max} already`);
    this.#value++;
  }

  /** Holds a permit while `fn` runs. */
  async run<T>(fn: () => MaybePromise<T>): Promise<T> {
    checkFunction('fn', fn);
    const guard = await this.acquire();
    try {
      return await fn();
    } finally {
      guard.release();
    }
  }

  statistics(): { value: number; waiting: number } {
    return Object.freeze({ value: this.#value, waiting: this.#waiters.size });
  }

  toString(): string {
    return `<Semaphore ${this.locked ? 'locked' : `value ${this.#value}`}, ${this.waiting} waiting>`;
  }
}

/** A semaphore whose value never rises above what it started with: releasing too often is an error, not a wider limit. */
export class BoundedSemaphore extends Semaphore {
  constructor(value = 1) {
    super(value, { max: Math.max(value, 1) });
  }
}
