/** Callbacks on the loop: call_soon, call_later, call_at. They run in the context in which they were scheduled. */
import { AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import type { Timed } from '../base/timers.ts';
import { checkDelay, checkFunction, checkNumber } from '../base/validate.ts';
import type { Runtime } from './runtime.ts';
import { here } from './scope.ts';
import { isThenable } from './thenable.ts';

export interface Handle extends Disposable {
  /** Prevents the call; does nothing once it has begun. */
  cancel(): void;
  readonly cancelled: boolean;
  /** On the clock of `now()`; null for `callSoon`. */
  readonly when: number | null;
  /** Whether a pending call keeps the process alive (the default). */
  ref(): this;
  unref(): this;
  toString(): string;
}

type Callback = (...args: unknown[]) => unknown;

abstract class Scheduled implements Handle {
  readonly #name: string;
  readonly #context: AsyncResource = new AsyncResource('offloop.callback', { requireManualDestroy: true });
  protected readonly runtime: Runtime = here().runtime;
  /** Null once it was called or cancelled, so that a handle that is kept does not keep the arguments. */
  #call: (() => unknown) | null;
  #cancelled = false;

  constructor(fn: Callback, args: unknown[]) {
    this.#name = fn.name || '<anonymous>';
    this.#call = () => fn(...args);
  }

  abstract readonly when: number | null;
  abstract ref(): this;
  abstract unref(): this;
  protected abstract drop(): void;

  get cancelled(): boolean {
    return this.#cancelled;
  }

  cancel(): void {
    if (this.#call === null) return;
    this.#call = null;
    this.#cancelled = true;
    this.drop();
  }

  /** An error goes to the exception handler, in the same context: the loop and the other callbacks go on. */
  fire(): void {
    const call = this.#call;
    if (call === null) return;
    this.#call = null;
    this.#context.runInAsyncScope(() => {
      try {
        const result = call();
        if (isThenable(result)) result.then(undefined, (error: unknown) => this.#failed(error)); // an async function
      } catch (error) {
        this.#failed(error);
      }
    });
  }

  #failed(error: unknown): void {
    this.runtime.report({ message: `Exception in callback ${this.#name}`, error, handle: this });
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  toString(): string {
    const when = this.when === null ? '' : ` when=${this.when}`;
    return `<Handle ${this.#name}${when}${this.#cancelled ? ' cancelled' : ''}>`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

class Soon extends Scheduled {
  readonly when = null;
  readonly #immediate: NodeJS.Immediate = setImmediate(() => this.fire());

  ref(): this {
    this.#immediate.ref();
    return this;
  }

  unref(): this {
    this.#immediate.unref();
    return this;
  }

  protected drop(): void {
    clearImmediate(this.#immediate);
  }
}

class Later extends Scheduled implements Timed {
  order: number = -1;
  readonly when: number;

  constructor(when: number, fn: Callback, args: unknown[]) {
    super(fn, args);
    this.when = when;
    this.runtime.clock.arm(this);
  }

  ref(): this {
    this.runtime.clock.setRef?.(this, true);
    return this;
  }

  unref(): this {
    this.runtime.clock.setRef?.(this, false);
    return this;
  }

  protected drop(): void {
    this.runtime.clock.disarm(this);
  }
}

/**
 * Calls `fn(...args)` in the next turn of the loop. A callback runs in the context in which it was scheduled, also when its
 * scope was cancelled or left since; what it throws goes to the exception handler.
 *
 * - Waits for: nothing.
 * - On cancel: not a checkpoint; the handle's `cancel` prevents the call.
 * - Order: order of scheduling, also among `sleep(0)` and `checkpoint()`.
 * - Throws: TypeError for what is not a function.
 */
export function callSoon<A extends unknown[]>(fn: (...a: A) => void, ...args: A): Handle {
  checkFunction('fn', fn);
  return new Soon(fn as Callback, args);
}

/**
 * Calls `fn(...args)` after `ms` milliseconds, never early; zero or less: as soon as the clock ticks; `Infinity`: never.
 *
 * - Waits for: nothing.
 * - On cancel: as `callSoon`.
 * - Order: by time; equal times in order of scheduling.
 * - Throws: TypeError for what is not a number or a function, RangeError for NaN.
 */
export function callLater<A extends unknown[]>(ms: number, fn: (...a: A) => void, ...args: A): Handle {
  checkDelay('ms', ms);
  checkFunction('fn', fn);
  return new Later(here().runtime.clock.now() + ms, fn as Callback, args);
}

/** As `callLater`, at a point in time on the clock of `now()`. */
export function callAt<A extends unknown[]>(when: number, fn: (...a: A) => void, ...args: A): Handle {
  checkNumber('when', when, 'a point in time in milliseconds');
  checkFunction('fn', fn);
  return new Later(when, fn as Callback, args);
}
