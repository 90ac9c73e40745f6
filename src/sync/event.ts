/** A flag that tasks wait for. (`AsyncEvent`, because `Event` is the platform's.) */
import { here } from '../core/scope.ts';
import { doneWith } from '../core/turn.ts';
import { WaitQueue } from '../core/waiter.ts';

export interface EventStats {
  isSet: boolean;
  waiting: number;
}

export class AsyncEvent {
  readonly #waiters = new WaitQueue<true, void>('AsyncEvent.wait', this);
  #set = false;

  get isSet(): boolean {
    return this.#set;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Raises the flag and wakes everybody. */
  set(): void {
    this.#set = true;
    for (let w = this.#waiters.shift(); w !== null; w = this.#waiters.shift()) w.grant(true);
  }

  /** Lowers the flag; whoever was woken stays woken. */
  clear(): void {
    this.#set = false;
  }

  /**
   * Waits until the flag is up.
   *
   * - Waits for: `set()`; returns at once if the flag is up.
   * - On cancel: stops waiting.
   * - Order: all waiters resume together, in order of arrival.
   * - Throws: CancelledError.
   */
  wait(): Promise<true> {
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    return this.#set ? doneWith<true>(true) : this.#waiters.park(scope, undefined);
  }

  statistics(): EventStats {
    return Object.freeze({ isSet: this.#set, waiting: this.#waiters.size });
  }

  toString(): string {
    return `<AsyncEvent ${this.#set ? 'set' : 'unset'}, ${this.waiting} waiting>`;
  }
}
