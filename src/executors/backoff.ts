/**
 * Keeps a pool whose workers die at once from starting them in a hot loop: after some deaths in a row, each before its worker
 * had done a job, the next start waits, longer each time. The jobs wait meanwhile; they can be cancelled as ever.
 *
 * Workers that were started before the last wait began die together of one cause, so they count once.
 */

/** Deaths in a row after which the next worker is started at once: one bad job must not slow down the others. */
export const FREE_DEATHS = 3;
const FIRST_WAIT = 50;
export const LONGEST_WAIT = 5000;

/** A worker that died. */
export interface Casualty {
  /** When it was started, on the scale of `performance.now()`. */
  readonly bornAt: number;
  /** How many jobs it did. */
  readonly done: number;
}

export class Backoff {
  #row = 0;
  #countedAt = -Infinity;
  #until = -Infinity;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  readonly #wake: () => void;

  /** `wake` is called when workers may be started again. */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** So many workers in a row died without having done a job. */
  get row(): number {
    return this.#row;
  }

  died({ bornAt, done }: Casualty): void {
    const now = performance.now();
    if (done > 0 || now - bornAt > LONGEST_WAIT) this.#row = 0;
    if (bornAt < this.#countedAt) return;
    this.#row++;
    this.#countedAt = now;
    if (this.#row > FREE_DEATHS) this.#until = now + Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.#row - FREE_DEATHS - 1));
  }

  /** True while no worker may be started; `wake` follows. `needed`: a job waits for it, so the process must stay alive. */
  holds(needed: boolean): boolean {
    const wait = this.#until - performance.now();
    if (wait <= 0 || this.#stopped) return false;
    this.#timer ??= setTimeout(() => this.#over(), Math.ceil(wait)).unref();
    if (needed) this.#timer.ref();
    return true;
  }

  /** No job waits any more. */
  relax(): void {
    this.#timer?.unref();
  }

  #over(): void {
    this.#timer = null;
    this.#wake();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
