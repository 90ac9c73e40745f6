/** A value that somebody will supply: asyncio.Future. */
import { CancelledError, InvalidStateError } from '../base/errors.ts';
import { checkFunction } from '../base/validate.ts';
import { ambient, here } from './scope.ts';
import { WaitQueue } from './waiter.ts';

export type DeferredState = 'pending' | 'resolved' | 'rejected' | 'cancelled';

export class Deferred<T> implements PromiseLike<T> {
  readonly #waiters = new WaitQueue<T, void>('Deferred', this);
  #hooks: Set<{ readonly cb: (d: Deferred<T>) => void }> | null = null;
  #state: DeferredState = 'pending';
  #outcome: unknown;
  #retrieved = false;

  get settled(): boolean {
    return this.#state !== 'pending';
  }

  /** How many await it. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Awaiting is a checkpoint. Cancelling one who waits leaves the others waiting, and the Deferred as it is.
   *
   * - Waits for: `resolve`, `reject` or `cancel`.
   * - On cancel: stops waiting.
   * - Order: all waiters resume together, in order of arrival.
   * - Throws: the error of `reject`; CancelledError.
   */
  then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#wait().then(onValue, onError);
  }

  #wait(): Promise<T> {
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    if (this.#state === 'pending') return this.#waiters.park(scope, undefined);
    this.#retrieved = true;
    return this.#state === 'resolved' ? Promise.resolve(this.#outcome as T) : Promise.reject(this.#outcome);
  }

  /** Gives everybody the value. Throws InvalidStateError when it has settled. */
  resolve(value: T): void {
    this.#settle('resolved', value);
  }

  /** Gives everybody the error; one that nobody asks for goes to the exception handler a loop turn later. Throws as `resolve`. */
  reject(error: unknown): void {
    this.#settle('rejected', error);
    if (this.#retrieved) return;
    const scope = here();
    setImmediate(() => {
      if (!this.#retrieved) ambient.run(scope, () => scope.runtime.report({ message: 'Deferred exception was never retrieved', error }));
    });
  }

  /** Everybody who awaits it gets CancelledError. False when it has settled. */
  cancel(reason?: unknown): boolean {
    if (this.settled) return false;
    this.#settle('cancelled', new CancelledError({ source: 'explicit', reason, by: here().task?.name }));
    return true;
  }

  #settle(state: DeferredState, outcome: unknown): void {
    if (this.settled) throw new InvalidStateError(`This Deferred is ${this.#state} already`);
    this.#state = state;
    this.#outcome = outcome;
    for (let w = this.#waiters.shift(); w !== null; w = this.#waiters.shift()) {
      this.#retrieved = true;
      if (state === 'resolved') w.grant(outcome as T);
      else w.refuse(outcome);
    }
    const hooks = this.#hooks;
    this.#hooks = null;
    for (const { cb } of hooks ?? []) this.#call(cb);
  }

  /** The value; throws the error if it was rejected or cancelled, InvalidStateError while it is unsettled. */
  result(): T {
    this.#requireSettled('result');
    if (this.#state === 'resolved') return this.#outcome as T;
    throw this.#outcome;
  }

  /** The error (a CancelledError if it was cancelled), undefined if it has a value; InvalidStateError while it is unsettled. */
  error(): unknown {
    this.#requireSettled('error');
    return this.#state === 'resolved' ? undefined : this.#outcome;
  }

  #requireSettled(what: string): void {
    if (!this.settled) throw new InvalidStateError(`This Deferred has not settled yet: no ${what}`);
    this.#retrieved = true;
  }

  /** Calls back once, when it settles (one microtask later, if it has). Disposing the result prevents the call. */
  onSettled(cb: (d: Deferred<T>) => void): Disposable {
    checkFunction('cb', cb);
    if (this.settled) {
      let wanted = true;
      queueMicrotask(() => wanted && this.#call(cb));
      return { [Symbol.dispose]: () => void (wanted = false) };
    }
    const hook = { cb };
    const hooks = (this.#hooks ??= new Set());
    hooks.add(hook);
    return { [Symbol.dispose]: () => void hooks.delete(hook) };
  }

  #call(cb: (d: Deferred<T>) => void): void {
    try {
      cb(this);
    } catch (error) {
      here().runtime.report({ message: `Exception in callback ${cb.name || '<anonymous>'}`, error });
    }
  }

  statistics(): { state: DeferredState; waiting: number } {
    return Object.freeze({ state: this.#state, waiting: this.waiting });
  }

  toString(): string {
    return `<Deferred ${this.#state}, ${this.waiting} waiting>`;
  }
}
