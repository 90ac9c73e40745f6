/**
 * How much of one turn of the loop may go into jobs. Messages that wait on a port are all handled in one turn, up to a
 * thousand; answering each with new jobs would make the next one come before the turn is over, and timers and sockets starve.
 */

/** Milliseconds of a turn. */
const BUDGET = 5;
/** Jobs in a turn before the clock is looked at: few jobs need no budget, and cost nothing here. */
const FREE_JOBS = 128;

export class TurnBudget {
  #jobs = 0;
  #since = 0;
  #watched = false;
  #waiting: (() => void) | null = null;

  /** Notes that so many jobs were sent or have ended. */
  spend(jobs: number): void {
    this.#jobs += jobs;
    if (this.#watched || this.#jobs < FREE_JOBS) return;
    this.#watched = true;
    this.#since = performance.now();
    setImmediate(this.#newTurn);
  }

  readonly #newTurn = (): void => {
    this.#jobs = 0;
    this.#watched = false;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  };

  /** True while this turn has had enough; `later` is called in the next one. */
  exceeded(later: () => void): boolean {
    if (!this.#watched || performance.now() - this.#since < BUDGET) return false;
    this.#waiting = later;
    return true;
  }
}
