/**
 * Time for the whole library. One Node timer serves all deadlines of the real clock: arming and cancelling a deadline is
 * a heap operation, and the process is kept alive exactly while a deadline is armed.
 */
import { AsyncResource } from 'node:async_hooks';
import { TimerQueue } from './timers.ts';
import type { Timed } from './timers.ts';
import { checkFunction, checkNumber } from './validate.ts';

/** Where time comes from. `when` is absolute, in milliseconds on the scale of `now()`. Disposing the result cancels the timer. */
export interface Clock {
  now(): number;
  setTimer(when: number, cb: () => void): Disposable;
}

/** A run, as its clock sees it. */
export interface ClockUser {
  /** How much work is under way outside the loop. */
  readonly external: number;
}

/** What the kernel uses: entries are their own handles, so that a sleeping task costs no extra object. */
export interface TimerClock extends Clock {
  arm(entry: Timed): void;
  disarm(entry: Timed): void;
  /** Whether an armed entry keeps the process alive; it does unless told otherwise. */
  setRef?(entry: Timed, on: boolean): void;
  /** For a virtual clock, which must not jump while work outside the loop is under way. The user leaves with `detach`. */
  attach?(user: ClockUser): void;
  detach?(user: ClockUser): void;
}

/** An entry for callers outside the kernel. */
class CallbackTimer implements Timed, Disposable {
  order = -1;
  readonly when: number;
  readonly #clock: TimerClock;
  readonly #cb: () => void;

  constructor(clock: TimerClock, when: number, cb: () => void) {
    this.when = when;
    this.#clock = clock;
    this.#cb = cb;
  }

  fire(): void {
    this.#cb();
  }

  [Symbol.dispose](): void {
    this.#clock.disarm(this);
  }
}

export function startTimer(clock: TimerClock, when: number, cb: () => void): Disposable {
  checkNumber('when', when, 'a point in time in milliseconds');
  checkFunction('cb', cb);
  const timer = new CallbackTimer(clock, when, cb);
  clock.arm(timer);
  return timer;
}

/** Node fires longer timers at once, with a warning. Longer waits are chained. */
const MAX_NODE_DELAY = 2 ** 31 - 1;

export class RealClock implements TimerClock {
  readonly #queue = new TimerQueue();
  // The Node timer must not carry the async context of whoever happened to arm it first: it serves everybody.
  readonly #neutral = new AsyncResource('offloop.clock');
  readonly #unreferenced = new Set<Timed>();
  #node: NodeJS.Timeout | null = null;
  #armedFor = Infinity;

  now(): number {
    return performance.now();
  }

  setTimer(when: number, cb: () => void): Disposable {
    return startTimer(this, when, cb);
  }

  arm(entry: Timed): void {
    if (entry.when === Infinity) return;
    this.#queue.add(entry);
    if (entry.when < this.#armedFor) this.#schedule(entry.when);
    else if (this.#queue.live - this.#unreferenced.size === 1) this.#node?.ref();
  }

  setRef(entry: Timed, on: boolean): void {
    if (entry.order === -1) return;
    if (on) this.#unreferenced.delete(entry);
    else this.#unreferenced.add(entry);
    this.#keepAliveIfNeeded();
  }

  #keepAliveIfNeeded(): void {
    if (this.#queue.live > this.#unreferenced.size) this.#node?.ref();
    else this.#node?.unref();
  }

  disarm(entry: Timed): void {
    if (entry.order === -1) return;
    this.#queue.remove(entry);
    if (this.#unreferenced.size > 0) this.#unreferenced.delete(entry);
    // The Node timer stays where it is: the next deadline is usually later than this one was, and then nothing need be done.
    if (this.#queue.live === this.#unreferenced.size) this.#node?.unref();
  }

  #schedule(when: number): void {
    if (this.#node !== null) clearTimeout(this.#node);
    this.#armedFor = when;
    if (when === Infinity) {
      this.#node = null;
      return;
    }
    const delay = Math.min(Math.max(Math.ceil(when - this.now()), 1), MAX_NODE_DELAY);
    this.#node = this.#neutral.runInAsyncScope(setTimeout, undefined, this.#tick, delay);
  }

  /**
   * Node counts from the start of the loop turn, so it may call early: what is not due yet is armed again, never fired early.
   * What is armed meanwhile waits for the next tick, so that a timer which sets itself again cannot stop the loop.
   */
  readonly #tick = (): void => {
    this.#node = null;
    this.#armedFor = Infinity;
    const now = this.now();
    const { armed } = this.#queue;
    try {
      for (let due = this.#queue.takeDue(now, armed); due !== null; due = this.#queue.takeDue(now, armed)) {
        if (this.#unreferenced.size > 0) this.#unreferenced.delete(due);
        due.fire();
      }
    } finally {
      const next = this.#queue.nextDeadline();
      if (next < this.#armedFor) this.#schedule(next);
      if (this.#unreferenced.size > 0) this.#keepAliveIfNeeded();
    }
  };
}

/** Lets a clock that only knows `setTimer` serve the kernel. */
class AdaptedClock implements TimerClock {
  readonly #clock: Clock;
  readonly #handles = new Map<Timed, Disposable>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  setTimer(when: number, cb: () => void): Disposable {
    return this.#clock.setTimer(when, cb);
  }

  arm(entry: Timed): void {
    if (entry.when === Infinity) return;
    entry.order = 0;
    const fire = (): void => {
      this.#handles.delete(entry);
      entry.order = -1;
      entry.fire();
    };
    const handle = this.#clock.setTimer(entry.when, fire);
    if (entry.order === 0) this.#handles.set(entry, handle); // else it called back at once
  }

  disarm(entry: Timed): void {
    if (entry.order === -1) return;
    entry.order = -1;
    this.#handles.get(entry)?.[Symbol.dispose]();
    this.#handles.delete(entry);
  }
}

export const realClock: TimerClock = new RealClock();

export function toTimerClock(clock: Clock): TimerClock {
  return 'arm' in clock && 'disarm' in clock ? (clock as TimerClock) : new AdaptedClock(clock);
}
