/**
 * Looks after workers that have several jobs: one of these may take much longer than expected, and the worker can tell nothing
 * while it runs. A timer runs only while there is something to look after; it does not keep the process alive, since the
 * workers do.
 */

/** Milliseconds between two looks; a job that runs for as long while others wait behind it holds them up. */
export const HELD_UP = 3;

export class Watch {
  readonly #look: () => boolean;
  #timer: NodeJS.Timeout | null = null;

  /** `look` returns whether to look again. */
  constructor(look: () => boolean) {
    this.#look = look;
  }

  start(): void {
    this.#timer ??= setTimeout(this.#tick, HELD_UP).unref();
  }

  readonly #tick = (): void => {
    if (this.#look()) this.#timer?.refresh();
    else this.#timer = null;
  };

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
