/**
 * Mutual exclusion between tasks. Not re-entrant; owned by the task (or the lane of a gather or map) that acquired it.
 *
 * The guard *is* the holding: the lock remembers which guard counts, so one that is out of date (its lock was released by
 * `lock.release()`, and somebody else has it now) releases nothing. A condition suspends a holding and resumes the same one,
 * so the guard from before a `wait()` is good afterwards.
 */
import { BrokenResourceError, InvalidStateError } from '../base/errors.ts';
import { probe } from '../core/probe.ts';
import { here } from '../core/scope.ts';
import type { Scope } from '../core/scope.ts';
import { doneWith } from '../core/turn.ts';
import type { MaybePromise } from '../core/task.ts';
import { WaitQueue } from '../core/waiter.ts';
import { caller, heir, holding, isNobody } from './guard.ts';
import type { Guard } from './guard.ts';

export interface LockStats {
  locked: boolean;
  /** The name of the task that holds it. */
  owner: string | undefined;
  waiting: number;
}

/** One holding of a lock, or the wish for one. @internal */
export class Held implements Guard {
  readonly #lock: Lock;
  readonly #strand: Scope;

  constructor(lock: Lock, strand: Scope) {
    this.#lock = lock;
    this.#strand = strand;
  }

  get owner(): Scope {
    return heir(this.#strand);
  }

  /** Whoever has the guard may release it, also another task: it was handed on. */
  release(): void {
    if (this.#lock.holding === this) this.#lock.passOn();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

export class Lock {
  readonly #waiters = new WaitQueue<Guard, Held>('Lock.acquire', this);
  #held: Held | null = null;
  /** Set while somebody waits: hears when the owner ends without releasing. */
  #watch: Disposable | null = null;

  get locked(): boolean {
    return this.#held !== null;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** The guard that counts. @internal */
  get holding(): Guard | null {
    return this.#held;
  }

  /** True when the calling task holds the lock. @internal */
  get ownedHere(): boolean {
    return this.#held !== null && this.#held.owner === caller();
  }

  /**
   * Takes the lock, waiting in line if it is held.
   *
   * - Waits for: a release.
   * - On cancel: leaves the line; the lock is not held.
   * - Order: first come, first served; a release hands the lock to the longest waiter.
   * - Throws: CancelledError; InvalidStateError when this task holds it already; BrokenResourceError when its owner ended
   *   without releasing it.
   */
  acquire(): Promise<Guard> {
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    const wish = new Held(this, caller());
    if (this.#held === null) return doneWith<Guard>(this.#take(wish));
    const refusal = this.#refusal(this.#held.owner, wish.owner);
    if (refusal !== null) return Promise.reject(refusal);
    const granted = this.#waiters.park(scope, wish);
    this.#watchOwner();
    return granted;
  }

  #take(held: Held): Held {
    if (probe !== null) probe.took(this, 'Lock', held.owner);
    return (this.#held = held);
  }

  #refusal(owner: Scope, asking: Scope): Error | null {
    if (owner.exited) return this.#broken();
    if (owner !== asking || isNobody(owner)) return null;
    return new InvalidStateError(`${who(owner)} holds the lock already: a Lock is not re-entrant`);
  }

  #broken(): BrokenResourceError {
    return new BrokenResourceError(`The owner of this lock, ${who(this.#held?.owner)}, ended without releasing it`);
  }

  readonly #ownerEnded = (): void => {
    this.#watch = null;
    if (this.#held?.owner.exited === true) this.#waiters.refuseWhere(always, () => this.#broken());
    else this.#watchOwner(); // somebody else answers for it now
  };

  #watchOwner(): void {
    if (this.#watch !== null || this.#waiters.size === 0) return;
    this.#watch = this.#held?.owner.task?.onSettled(this.#ownerEnded) ?? null;
  }

  /** Takes the lock if it is free, else returns null. */
  tryAcquire(): Guard | null {
    return this.#held === null ? this.#take(new Held(this, caller())) : null;
  }

  /** Gives the lock to the longest waiter. Throws InvalidStateError when the calling task does not hold it. */
  release(): void {
    if (this.ownedHere) return this.passOn();
    const text = this.#held === null ? 'nobody holds it' : `${who(this.#held.owner)} holds it`;
    throw new InvalidStateError(`The lock cannot be released here: ${text}`);
  }

  /** @internal */
  passOn(): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = null;
    if (probe !== null) probe.gave(this, this.#held?.owner);
    const next = this.#waiters.shift();
    this.#held = next === null ? null : this.#take(next.carried);
    next?.grant(next.carried);
    this.#watchOwner();
  }

  /** For a condition: gives the lock up for a while; what it returns is to be resumed. @internal */
  suspend(): Held {
    const held = this.#held as Held;
    this.passOn();
    return held;
  }

  /** Takes the lock again. No cancellation ends this wait: a condition must hold its lock when it ends. @internal */
  resume(held: Held): Promise<Guard> {
    if (this.#held === null) return Promise.resolve(this.#take(held));
    if (this.#held.owner.exited) return Promise.reject(this.#broken());
    const granted = this.#waiters.parkUnlinked(held);
    this.#watchOwner();
    return granted;
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
    return holding(() => this.acquire(), fn);
  }

  statistics(): LockStats {
    return Object.freeze({ locked: this.locked, owner: this.#held?.owner.task?.name, waiting: this.waiting });
  }

  toString(): string {
    const owner = this.#held === null ? 'unlocked' : `locked by ${who(this.#held.owner)}`;
    return `<Lock ${owner}, ${this.waiting} waiting>`;
  }
}

function always(): boolean {
  return true;
}

function who(owner: Scope | undefined): string {
  const name = owner?.task?.name;
  return name === undefined ? 'code outside of tasks' : `task ${JSON.stringify(name)}`;
}
