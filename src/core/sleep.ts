/** Sleeping on the clock of the surrounding `run()`. */
import type { Timed } from '../base/timers.ts';
import { checkDelay, checkNumber } from '../base/validate.ts';
import { checkpoint } from './checkpoint.ts';
import { here } from './scope.ts';
import type { Scope } from './scope.ts';
import type { CancelledError } from '../base/errors.ts';
import { Waiter } from './waiter.ts';

/** A waiter that is its own timer entry. */
class Sleeper<T> extends Waiter<T, T> implements Timed {
  order = -1;
  readonly when: number;
  readonly #scope: Scope;

  constructor(scope: Scope, when: number, value: T) {
    super(value);
    this.#scope = scope;
    this.when = when;
  }

  override get waitingOn(): string {
    if (this.when === Infinity) return 'sleep for ever';
    const left = this.when - this.#scope.runtime.clock.now();
    return `sleep until ${left < 0 ? '-' : '+'}${Math.abs(Math.round(left))} ms`;
  }

  fire(): void {
    this.grant(this.carried);
  }

  override onCancel(error: CancelledError): void {
    this.#scope.runtime.clock.disarm(this);
    this.reject(error);
  }
}

function sleepIn<T>(scope: Scope, when: number, value: T): Promise<T> {
  const sleeper = new Sleeper(scope, when, value);
  const promise = new Promise<T>((resolve, reject) => {
    sleeper.resolve = resolve;
    sleeper.reject = reject;
  });
  scope.link(sleeper);
  scope.runtime.clock.arm(sleeper); // last: a foreign clock may call back at once
  return promise;
}

/** Milliseconds on a monotonic clock: the one of the surrounding `run()`, so that virtual time works. */
export function now(): number {
  return here().runtime.clock.now();
}

/**
 * Waits `ms` milliseconds; zero or less lets the loop go round once.
 *
 * - Waits for: the clock; never wakes early. `Infinity` sleeps until cancelled.
 * - On cancel: wakes at once, the timer is removed.
 * - Order: equal deadlines wake in the order in which they were set.
 * - Throws: CancelledError; RangeError for NaN.
 */
export function sleep(ms: number): Promise<void>;
export function sleep<T>(ms: number, value: T): Promise<T>;
export async function sleep<T>(ms: number, value?: T): Promise<T | undefined> {
  checkDelay('ms', ms);
  const scope = here();
  if (scope.effective !== null) throw scope.interrupt();
  if (ms <= 0) await checkpoint();
  else await sleepIn(scope, scope.runtime.clock.now() + ms, undefined);
  return value;
}

/**
 * Waits until a point in time on the clock of `now()`; one that has passed lets the loop go round once.
 *
 * - Waits for: the clock; never wakes early. `Infinity` sleeps until cancelled.
 * - On cancel: wakes at once, the timer is removed.
 * - Order: equal deadlines wake in the order in which they were set.
 * - Throws: CancelledError; RangeError for NaN.
 */
export async function sleepUntil(when: number): Promise<void> {
  checkNumber('when', when, 'a point in time in milliseconds');
  const scope = here();
  if (scope.effective !== null) throw scope.interrupt();
  if (when <= scope.runtime.clock.now()) return checkpoint();
  return sleepIn(scope, when, undefined);
}

/**
 * Sleeps until cancelled. Keeps the process alive only as part of a `run()` that listens for signals.
 *
 * - Waits for: nothing that will come.
 * - On cancel: wakes at once.
 * - Order: a cancelled scope wakes its sleepers in the order in which they fell asleep.
 * - Throws: CancelledError, in the end.
 */
export function sleepForever(): Promise<never> {
  return sleep(Infinity) as Promise<never>;
}
