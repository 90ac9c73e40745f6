/**
 * A meeting point: everybody waits until all parties are there.
 *
 * Rounds do not mix: whoever comes back while a round is still leaving waits outside until the last one has left, and a
 * reset throws out only those who are inside.
 */
import { BrokenBarrierError } from '../base/errors.ts';
import { checkCount } from '../base/validate.ts';
import { here } from '../core/scope.ts';
import { doneWith } from '../core/turn.ts';
import { WaitQueue } from '../core/waiter.ts';

export type BarrierState = 'filling' | 'draining' | 'resetting' | 'broken';

export interface BarrierStats {
  parties: number;
  waiting: number;
  state: BarrierState;
}

export class Barrier {
  readonly parties: number;
  readonly #inside = new WaitQueue<number, void>('Barrier.wait', this);
  readonly #outside = new WaitQueue<void, void>('Barrier.wait', this); // early for the next round
  #broken = false;
  /** How many of the last round were let go, but have not run since. */
  #leaving = 0;
  #why: 'draining' | 'resetting' = 'draining';

  constructor(parties: number) {
    checkCount('parties', parties, 1);
    this.parties = parties;
  }

  /** How many have arrived and wait for the others. */
  get waiting(): number {
    return this.#inside.size;
  }

  get broken(): boolean {
    return this.#broken;
  }

  get state(): BarrierState {
    if (this.#broken) return 'broken';
    return this.#leaving === 0 ? 'filling' : this.#why;
  }

  /**
   * Waits until all parties have arrived. Resolves with this party's place in the round, 0 to parties - 1, each given once.
   *
   * - Waits for: the other parties; before that, for the round before to have left.
   * - On cancel: leaves the round, as if it had not come.
   * - Order: all of a round resume together; places are given in order of arrival.
   * - Throws: CancelledError; BrokenBarrierError when the barrier is broken, or is aborted or reset meanwhile.
   */
  async wait(): Promise<number> {
    while (this.#mustStayOut()) await this.#outside.park(here(), undefined);
    let letGo = true;
    try {
      return await (this.#inside.size + 1 < this.parties ? this.#inside.park(here(), undefined) : this.#letGo());
    } catch (error) {
      letGo = error instanceof BrokenBarrierError; // else cancelled
      throw error;
    } finally {
      // Not before the caller has gone on: the last of a round may reset the barrier without hitting those who are back.
      if (letGo) queueMicrotask(this.#left);
    }
  }

  /** Asked again after each wait outside: by then it may be broken, the caller cancelled, or the next round leaving. */
  #mustStayOut(): boolean {
    const { effective } = here();
    if (effective !== null) throw effective;
    if (this.#broken) throw new BrokenBarrierError();
    return this.#leaving > 0;
  }

  /** The last one lets the round go, and gets the last place. */
  #letGo(): Promise<number> {
    this.#leaving = this.parties;
    this.#why = 'draining';
    for (let place = 0, w = this.#inside.shift(); w !== null; w = this.#inside.shift()) w.grant(place++);
    return doneWith(this.parties - 1);
  }

  readonly #left = (): void => {
    if (--this.#leaving > 0) return;
    for (let w = this.#outside.shift(); w !== null; w = this.#outside.shift()) w.grant(undefined);
  };

  /** Starts afresh: whoever waits inside gets BrokenBarrierError; a broken barrier is usable again. */
  reset(): void {
    this.#broken = false;
    this.#why = 'resetting';
    this.#throwOut('the barrier was reset');
  }

  /** Breaks the barrier: whoever waits, and whoever comes before `reset()`, gets BrokenBarrierError. */
  abort(): void {
    this.#broken = true;
    this.#throwOut('the barrier was aborted');
    for (let w = this.#outside.shift(); w !== null; w = this.#outside.shift()) w.refuse(new BrokenBarrierError('the barrier was aborted'));
  }

  #throwOut(message: string): void {
    this.#leaving += this.#inside.size;
    for (let w = this.#inside.shift(); w !== null; w = this.#inside.shift()) w.refuse(new BrokenBarrierError(message));
  }

  statistics(): BarrierStats {
    return Object.freeze({ parties: this.parties, waiting: this.waiting, state: this.state });
  }

  toString(): string {
    return `<Barrier ${this.state}, ${this.waiting} of ${this.parties} waiting>`;
  }
}
