/**
 * A limit on how many borrowers may do something at once. Unlike a semaphore it knows who they are, so that nobody borrows
 * twice by mistake, and its total may be changed at any time.
 */
import { InvalidStateError } from '../base/errors.ts';
import { checkCount } from '../base/validate.ts';
import { probe } from '../core/probe.ts';
import { here } from '../core/scope.ts';
import type { Scope } from '../core/scope.ts';
import { doneWith } from '../core/turn.ts';
import type { MaybePromise } from '../core/task.ts';
import { WaitQueue } from '../core/waiter.ts';
import { caller, heir, holding, isNobody } from './guard.ts';
import type { Guard } from './guard.ts';

export interface LimiterStats {
  total: number;
  borrowed: number;
  /** Tasks, and what was passed to `acquireFor`. */
  borrowers: unknown[];
  waiting: number;
}

/** One borrowing, or the wish for one. A token that was given back by `release()` or `releaseFor()` gives back no other. */
class Token implements Guard {
  readonly #limiter: CapacityLimiter;
  readonly borrower: unknown;

  constructor(limiter: CapacityLimiter, borrower: unknown) {
    this.#limiter = limiter;
    this.borrower = borrower;
  }

  release(): void {
    this.#limiter.takeBack(this);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

export class CapacityLimiter {
  readonly #tokens = new Map<unknown, Token>();
  readonly #waiters = new WaitQueue<Guard, Token>('CapacityLimiter.acquire', this);
  #total: number;

  constructor(total: number) {
    checkCount('total', total, 0, { infinite: true });
    this.#total = total;
  }

  /** May be changed at any time: raising it lets waiters in at once, lowering it below `borrowed` takes no token away. */
  get total(): number {
    return this.#total;
  }

  set total(total: number) {
    checkCount('total', total, 0, { infinite: true });
    this.#total = total;
    this.#letIn();
  }

  get borrowed(): number {
    return this.#tokens.size;
  }

  get available(): number {
    return Math.max(0, this.#total - this.#tokens.size);
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Borrows a token for the calling task (or the lane of a gather or map).
   *
   * - Waits for: a token, or a higher total.
   * - On cancel: leaves the line; no token is held.
   * - Order: first come, first served.
   * - Throws: CancelledError; InvalidStateError when this task holds a token already.
   */
  acquire(): Promise<Guard> {
    return this.#acquire(here(), this.#wish());
  }

  /**
   * As `acquire`, in the name of `borrower`: any value, compared by identity.
   *
   * - Waits for: a token, or a higher total.
   * - On cancel: leaves the line; no token is held.
   * - Order: first come, first served.
   * - Throws: CancelledError; InvalidStateError when this borrower holds a token already, or has got one when its turn comes.
   */
  acquireFor(borrower: unknown): Promise<Guard> {
    return this.#acquire(here(), new Token(this, borrower));
  }

  #wish(): Token {
    const strand = caller();
    return new Token(this, isNobody(strand) ? Symbol('code outside of tasks') : strand);
  }

  #acquire(scope: Scope, wish: Token): Promise<Guard> {
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    if (this.#tokens.has(wish.borrower)) return Promise.reject(alreadyHeld(wish));
    if (this.available === 0) return this.#waiters.park(scope, wish);
    return doneWith<Guard>(this.#lend(wish));
  }

  /** Borrows a token for the calling task if one is free, else returns null. Throws InvalidStateError when it holds one already. */
  tryAcquire(): Guard | null {
    const wish = this.#wish();
    if (this.#tokens.has(wish.borrower)) throw alreadyHeld(wish);
    if (this.available === 0) return null;
    return this.#lend(wish);
  }

  /** Gives the calling task's token back. Throws InvalidStateError when it has none. */
  release(): void {
    const strand = caller();
    if (this.#tokens.has(strand)) return this.releaseFor(strand);
    const inherited = [...this.#tokens.keys()].find((b) => isScope(b) && heir(b) === strand); // of a lane that has ended
    this.releaseFor(inherited ?? strand);
  }

  /** Gives a borrower's token back. Throws InvalidStateError when it has none. */
  releaseFor(borrower: unknown): void {
    const token = this.#tokens.get(borrower);
    if (token === undefined) throw new InvalidStateError(`${who(borrower)} holds no token of the limiter`);
    this.takeBack(token);
  }

  /** @internal */
  takeBack(token: Guard & { readonly borrower: unknown }): void {
    if (this.#tokens.get(token.borrower) !== token) return;
    this.#tokens.delete(token.borrower);
    if (probe !== null) probe.gave(this, token.borrower);
    this.#letIn();
  }

  #lend(token: Token): Token {
    this.#tokens.set(token.borrower, token);
    if (probe !== null) probe.took(this, 'CapacityLimiter', token.borrower);
    return token;
  }

  #letIn(): void {
    while (this.available > 0) {
      const next = this.#waiters.shift();
      if (next === null) return;
      const { carried } = next;
      if (this.#tokens.has(carried.borrower))
        next.refuse(alreadyHeld(carried)); // it asked twice, and has one since
      else next.grant(this.#lend(carried));
    }
  }

  /**
   * Holds a token while `fn` runs.
   *
   * - Waits for: as `acquire`, then `fn`.
   * - On cancel: before `fn` was called, nothing has happened; later `fn` is told, and the token is given back when it has ended.
   * - Order: as `acquire`.
   * - Throws: as `acquire`; what `fn` throws.
   */
  run<T>(fn: () => MaybePromise<T>): Promise<T> {
    return holding(() => this.acquire(), fn);
  }

  statistics(): LimiterStats {
    return Object.freeze({
      total: this.#total,
      borrowed: this.borrowed,
      borrowers: [...this.#tokens.keys()].map(shown),
      waiting: this.waiting,
    });
  }

  toString(): string {
    return `<CapacityLimiter ${this.borrowed} of ${this.#total} borrowed, ${this.waiting} waiting>`;
  }
}

function alreadyHeld(wish: Token): InvalidStateError {
  return new InvalidStateError(`${who(wish.borrower)} holds a token of the limiter already`);
}

/** A lane stands for its task; the kernel's own scopes are nobody's business. */
function shown(borrower: unknown): unknown {
  return isScope(borrower) ? (borrower.task ?? 'code outside of tasks') : typeof borrower === 'symbol' ? borrower.description : borrower;
}

function who(borrower: unknown): string {
  if (!isScope(borrower)) return 'This borrower';
  return borrower.task === null ? 'Code outside of tasks' : `Task ${JSON.stringify(borrower.task.name)}`;
}

function isScope(value: unknown): value is Scope {
  return (value as Scope | null | undefined)?.isScope === true;
}
