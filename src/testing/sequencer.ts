/** Puts steps of different tasks in a fixed order: trio's `Sequencer`. */
import { BrokenResourceError, InvalidStateError } from '../base/errors.ts';
import { checkCount, checkFunction } from '../base/validate.ts';
import { here } from '../core/scope.ts';
import type { MaybePromise } from '../core/task.ts';
import { WaitQueue } from '../core/waiter.ts';

export class Sequencer {
  readonly #claimed = new Set<number>();
  readonly #waiting = new Map<number, WaitQueue<void, void>>();
  #open = 0;
  #broken = false;

  /**
   * Waits for step `n`, counted from 0. Disposing the result ends the step and opens the next one.
   *
   * - Waits for: the step before to end.
   * - On cancel: the sequence can never be complete, so everybody else gets BrokenResourceError, now or when they come.
   * - Order: 0, 1, 2, …, whoever asks first.
   * - Throws: CancelledError; BrokenResourceError; InvalidStateError for a step that was asked for before.
   */
  async at(n: number): Promise<Disposable> {
    checkCount('n', n, 0);
    const scope = here();
    if (this.#claimed.has(n)) throw new InvalidStateError(`Step ${n} of the sequence was asked for before: each step is taken once`);
    if (this.#broken) throw broken();
    this.#claimed.add(n);
    if (scope.effective !== null) {
      this.#break();
      throw scope.interrupt();
    }
    if (n > this.#open) await this.#wait(n);
    return { [Symbol.dispose]: () => this.#end(n) };
  }

  /** Runs `fn` as step `n`. */
  async run<T>(n: number, fn: () => MaybePromise<T>): Promise<T> {
    checkFunction('fn', fn);
    const step = await this.at(n);
    try {
      return await fn();
    } finally {
      step[Symbol.dispose]();
    }
  }

  async #wait(n: number): Promise<void> {
    const queue = new WaitQueue<void, void>(`Sequencer.at(${n})`, this);
    this.#waiting.set(n, queue);
    try {
      await queue.park(here(), undefined);
    } catch (error) {
      this.#waiting.delete(n);
      this.#break();
      throw error;
    }
  }

  #end(n: number): void {
    if (n !== this.#open) return;
    this.#open++;
    this.#waiting.get(this.#open)?.shift()?.grant(undefined);
    this.#waiting.delete(this.#open);
  }

  #break(): void {
    this.#broken = true;
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const queue of all) queue.shift()?.refuse(broken());
  }
}

function broken(): BrokenResourceError {
  return new BrokenResourceError('the sequence is broken: a task that waited for its step was cancelled');
}
