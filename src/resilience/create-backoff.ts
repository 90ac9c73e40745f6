/**
 * Keeps a pool that cannot create its resources from trying in a hot loop: after a failure the next attempt waits, longer each
 * time, up to a limit; a success ends that. Attempts that were under way together when one failed have failed of one cause, and
 * count once.
 */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 5_000;

export class CreateBackoff {
  #row = 0;
  #until = -Infinity;
  #error: unknown;

  /** Nothing may be created before. */
  get until(): number {
    return this.#until;
  }

  /** Names the round that an attempt belongs to: to be passed to `failed`. */
  get round(): number {
    return this.#row;
  }

  /** Why the last attempt failed, if it did. */
  get error(): unknown {
    return this.#error;
  }

  failed(round: number, now: number, error: unknown): void {
    this.#error = error;
    if (round !== this.#row) return;
    this.#until = now + Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#row);
    this.#row++;
  }

  succeeded(): void {
    this.#row = 0;
    this.#until = -Infinity;
    this.#error = undefined;
  }
}
