/** Waiting until something has changed that a lock protects. */
import { InvalidStateError } from '../base/errors.ts';
import { checkCount, checkFunction, wrongType } from '../base/validate.ts';
import { here } from '../core/scope.ts';
import type { MaybePromise } from '../core/task.ts';
import { WaitQueue } from '../core/waiter.ts';
import type { Guard } from './guard.ts';
import { Lock } from './lock.ts';
import type { LockStats } from './lock.ts';

export interface ConditionStats {
  /** Tasks that wait to be notified; those that wait for the lock are counted in `lock`. */
  waiting: number;
  lock: LockStats;
}

export class Condition {
  readonly #lock: Lock;
  readonly #waiters = new WaitQueue<true, void>('Condition.wait', this);

  /** Several conditions may share a lock. */
  constructor(lock: Lock = new Lock()) {
    if (!(lock instanceof Lock)) throw wrongType('lock', 'a Lock', lock);
    this.#lock = lock;
  }

  get locked(): boolean {
    return this.#lock.locked;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Takes the lock; see `Lock.acquire`.
   *
   * - Waits for: a release.
   * - On cancel: leaves the line; the lock is not held.
   * - Order: first come, first served.
   * - Throws: as `Lock.acquire`.
   */
  acquire(): Promise<Guard> {
    return this.#lock.acquire();
  }

  /** Takes the lock if it is free, else returns null. */
  tryAcquire(): Guard | null {
    return this.#lock.tryAcquire();
  }

  /** Gives the lock back; see `Lock.release`. */
  release(): void {
    this.#lock.release();
  }

  /**
   * Holds the lock while `fn` runs.
   *
   * - Waits for: as `acquire`, then `fn`.
   * - On cancel: before `fn` was called, nothing has happened; later `fn` is told, and the lock is given back when it has ended.
   * - Order: as `acquire`.
   * - Throws: as `acquire`; what `fn` throws.
   */
  run<T>(fn: () => MaybePromise<T>): Promise<T> {
    return this.#lock.run(fn);
  }

  /**
   * Gives up the lock, waits to be notified, and takes the lock again.
   *
   * - Waits for: a notification, then the lock.
   * - On cancel: takes the lock again first, then throws; a notification that had arrived counts, and the next checkpoint throws.
   * - Order: first come, first notified.
   * - Throws: CancelledError; InvalidStateError without the lock; BrokenResourceError when another owner ended without
   *   releasing the lock. In every other case the lock is held when the wait ends.
   */
  async wait(): Promise<true> {
    const scope = here();
    if (scope.effective !== null) throw scope.interrupt();
    this.#requireLock('wait()');
    const notified = this.#waiters.park(scope, undefined);
    const held = this.#lock.suspend();
    try {
      return await notified;
    } finally {
      await this.#lock.resume(held);
    }
  }

  /**
   * Waits until `predicate` returns something true, and resolves with it. It is called at once, then after each notification.
   *
   * - Waits for: a notification after which `predicate` holds.
   * - On cancel: as `wait`.
   * - Order: first come, first asked.
   * - Throws: as `wait`; what `predicate` throws. When it holds at once, the lock is not needed.
   */
  async waitFor<T>(predicate: () => T): Promise<T> {
    checkFunction('predicate', predicate);
    const scope = here();
    if (scope.effective !== null) throw scope.interrupt();
    for (;;) {
      const value = predicate();
      // A promise is always true: whoever passes an async function would never wait.
      if (value instanceof Promise) throw wrongType('predicate', 'a function that answers at once, not with a promise', predicate);
      if (value) return value;
      await this.wait();
    }
  }

  /** Wakes up to `n` waiters; each goes on when it has the lock. Throws InvalidStateError without the lock. */
  notify(n: number = 1): void {
    checkCount('n', n, 0, { infinite: true });
    this.#requireLock('notify()');
    for (let i = 0; i < n; i++) {
      const waiter = this.#waiters.shift();
      if (waiter === null) return;
      waiter.grant(true);
    }
  }

  /** Wakes all who wait. */
  notifyAll(): void {
    this.notify(Infinity);
  }

  #requireLock(what: string): void {
    if (!this.#lock.ownedHere) throw new InvalidStateError(`${what} needs the lock: acquire() it first`);
  }

  statistics(): ConditionStats {
    return Object.freeze({ waiting: this.waiting, lock: this.#lock.statistics() });
  }

  toString(): string {
    return `<Condition ${this.locked ? 'locked' : 'unlocked'}, ${this.waiting} waiting>`;
  }
}
