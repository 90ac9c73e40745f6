/** Attempts one after the other, each with a head start: Happy Eyeballs (RFC 8305), as `asyncio.staggered`. */
import { CancelledError } from '../base/errors.ts';
import { checkDelay, checkFunction, wrongType } from '../base/validate.ts';
import { here, Scope } from './scope.ts';
import { joined, readsOutcome } from './source-task.ts';
import { TaskCore } from './task.ts';
import type { TaskFn } from './task.ts';
import { moveOnAfter } from './timeout.ts';
import { parkIn, WaitQueue } from './waiter.ts';

export interface StaggeredResult<T> {
  winner: { value: T; index: number } | null;
  /** What each attempt that was started threw, a CancelledError for a loser that was stopped; null for the winner. */
  errors: unknown[];
}

/**
 * Starts the first function; starts the next when `delay` milliseconds have passed or the one before has failed (`null`: only
 * when it has failed). The first to succeed wins; the others are cancelled and joined.
 *
 * - Waits for: the first success, or for all to fail; then for the losers to end.
 * - On cancel: all attempts are cancelled and joined; an error that one throws meanwhile goes to the exception handler.
 * - Order: attempts start in order, one microtask later.
 * - Throws: CancelledError. Failures are in `errors`.
 */
export async function staggeredRace<T>(fns: Iterable<TaskFn<T>>, delay: number | null): Promise<StaggeredResult<T>> {
  const attempts = checkedAttempts(fns);
  if (delay !== null) checkDelay('delay', delay);
  const parent = here();
  if (parent.effective !== null) throw parent.interrupt();
  return new Staggered<T>(new Scope(parent, parent.runtime), attempts).run(delay);
}

function checkedAttempts<T>(fns: Iterable<TaskFn<T>>): TaskFn<T>[] {
  if (typeof fns !== 'object' || fns === null || !(Symbol.iterator in fns)) throw wrongType('fns', 'an iterable of functions', fns);
  const attempts = [...fns];
  attempts.forEach((fn, i) => checkFunction(`fns[${i}]`, fn));
  return attempts;
}

class Staggered<T> {
  readonly #scope: Scope;
  readonly #attempts: readonly TaskFn<T>[];
  readonly #tasks: TaskCore<T>[] = [];
  readonly #changed = new WaitQueue<void, void>('staggeredRace');
  readonly #unwound: TaskCore[] = []; // ended after the cancellation
  #winner = -1;

  constructor(scope: Scope, attempts: readonly TaskFn<T>[]) {
    this.#scope = scope;
    this.#attempts = attempts;
  }

  async run(delay: number | null): Promise<StaggeredResult<T>> {
    try {
      while (this.#winner < 0 && this.#tasks.length < this.#attempts.length) {
        const latest = this.#start();
        const isLast = this.#tasks.length === this.#attempts.length;
        await moveOnAfter(isLast ? null : delay, () => this.#until(() => (isLast ? this.#tasks.every((t) => t.settled) : latest.settled)));
      }
    } catch (cancelled) {
      await this.#interrupted();
      throw cancelled;
    }
    return this.#conclude();
  }

  #start(): TaskCore<T> {
    const index = this.#tasks.length;
    const fn = this.#attempts[index] as TaskFn<T>;
    const task = new TaskCore<T>(this.#scope, fn.name, readsOutcome);
    this.#tasks.push(task);
    task.onSettled(() => {
      if (this.#winner < 0 && task.state === 'done') this.#winner = index;
      if (this.#scope.effective !== null) this.#unwound.push(task as TaskCore);
      this.#changed.shift()?.grant(undefined);
    });
    task.start(fn);
    return task;
  }

  async #until(mayGoOn: () => boolean): Promise<void> {
    while (this.#winner < 0 && !mayGoOn()) await parkIn(this.#changed, undefined);
  }

  /** Cancelled while there was no winner: an error of the cleanup has nobody to go to but the exception handler. */
  async #interrupted(): Promise<void> {
    await joined(this.#tasks as TaskCore[]);
    this.#scope.leave();
    for (const task of this.#unwound) {
      if (task.failed) this.#scope.runtime.report({ message: 'Another error in staggeredRace', error: task.failure, task });
    }
  }

  async #conclude(): Promise<StaggeredResult<T>> {
    const index = this.#winner;
    this.#scope.cancelWith(new CancelledError({ source: 'sibling', reason: 'another attempt won' }));
    await joined(this.#tasks as TaskCore[]);
    this.#scope.leave();
    const winner = index < 0 ? null : { value: (this.#tasks[index] as TaskCore<T>).result(), index };
    return { winner, errors: this.#tasks.map((t) => t.error() ?? null) };
  }
}
