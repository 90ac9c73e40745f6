/**
 * Virtual time for tests: `run(main, { clock: new MockClock({ autojump: true }) })`.
 *
 * Time stands still (or flows at `rate`) until somebody jumps: the test, with `jump(ms)`, or the clock itself, with
 * `autojump`, as soon as every task is blocked. Tasks woken by one deadline run until they block before the next one is due.
 */
import { clearTimeout, setTimeout } from 'node:timers';
import { startTimer } from '../base/clock.ts';
import type { ClockUser, TimerClock } from '../base/clock.ts';
import { TimerQueue } from '../base/timers.ts';
import type { Timed } from '../base/timers.ts';
import { checkDuration, checkNumber, outOfRange, ownOptions, wrongType } from '../base/validate.ts';
import { pendingRequests, startWatching, unwatch, watch } from './idle.ts';
import type { IdleEntry } from './idle.ts';

export interface MockClockOptions {
  /** Virtual milliseconds per real one. Default 0: time stands still. */
  rate?: number;
  /**
   * Jump to the next deadline when every task is blocked; a number: when that has lasted so many real milliseconds.
   *
   * Not while work is under way outside the loop: a job in an executor, a `withSignal` call, or a request that Node shows
   * (files, DNS, connecting, writing, crypto). A bare promise of something else that real time must finish (a `setTimeout`,
   * an answer on an open socket, zlib) is not seen: wait for it inside `withSignal`, or give a number of milliseconds that
   * it takes at most. Real timers go on in real time. Default false.
   */
  autojump?: boolean | number;
}

const MAX_NODE_DELAY = 2 ** 31 - 1;
const TURNS_BETWEEN_DEADLINES = 100;
const WARN_AFTER_MS = 2_000;

/** The clock's wish to jump by itself. */
class AutoJump implements IdleEntry {
  cushion = Infinity;
  readonly rank = 2;
  readonly patience = Infinity;
  readonly held: () => boolean;
  readonly idle: () => void;

  constructor(held: () => boolean, idle: () => void) {
    this.held = held;
    this.idle = idle;
  }
}

export class MockClock implements TimerClock {
  readonly #queue = new TimerQueue();
  readonly #users = new Set<ClockUser>();
  readonly #auto = new AutoJump(
    () => this.#mustWait(),
    () => this.#next(),
  );
  #time = 0; // virtual, at the real time #since
  #since = performance.now();
  #rate = 0;
  #jumps: Promise<void> = Promise.resolve();
  #jumping = 0;
  #cancelTick: (() => void) | null = null;
  #heldSince = Infinity;
  #warned = false;

  constructor(options?: MockClockOptions) {
    const o = ownOptions<MockClockOptions>('options', options, ['rate', 'autojump']);
    if (o.rate !== undefined) this.#setRate('options.rate', o.rate);
    const auto = o.autojump ?? false;
    if (typeof auto === 'boolean') this.#setThreshold(auto ? 0 : Infinity);
    else if (typeof auto === 'number') this.#setThreshold(checked('options.autojump', auto));
    else throw wrongType('options.autojump', 'a boolean or a number of milliseconds', auto);
  }

  /** Virtual milliseconds; starts at 0. */
  now(): number {
    return this.#rate === 0 ? this.#time : this.#time + (performance.now() - this.#since) * this.#rate;
  }

  /** Virtual milliseconds per real one, 0 or more. Setting it keeps the current time. */
  get rate(): number {
    return this.#rate;
  }

  set rate(rate: number) {
    this.#setRate('rate', rate);
  }

  #setRate(where: string, rate: number): void {
    checkNumber(where, rate, 'a finite number, 0 or more');
    if (rate < 0 || rate === Infinity) throw outOfRange(where, 'a finite number, 0 or more', rate);
    this.#moveTo(this.now());
    this.#rate = rate;
    this.#schedule();
  }

  /** Real milliseconds of idleness after which the clock jumps by itself; Infinity = never. */
  get autojumpThreshold(): number {
    return this.#auto.cushion;
  }

  set autojumpThreshold(ms: number) {
    this.#setThreshold(checked('autojumpThreshold', ms));
  }

  #setThreshold(ms: number): void {
    unwatch(this.#auto);
    this.#auto.cushion = ms;
    if (ms === Infinity) return;
    startWatching();
    if (this.#queue.live > 0) watch(this.#auto);
  }

  /**
   * Moves time forward by `ms`. Deadlines on the way fire one after the other, each at its own time; what they wake runs until
   * it blocks before the next. Jumps made at the same time are made one after the other.
   *
   * - Waits for: the loop, between deadlines and after the last; not for work outside it.
   * - On cancel: not a checkpoint.
   * - Throws: RangeError for a negative or infinite number and NaN, before anything happens.
   */
  async jump(ms: number): Promise<void> {
    checkNumber('ms', ms, 'a finite number of milliseconds, 0 or more');
    if (ms < 0 || ms === Infinity) throw outOfRange('ms', 'a finite number of milliseconds, 0 or more', ms);
    this.#jumping++;
    const jump = this.#jumps.then(() => this.#jumpTo(this.now() + ms)).finally(() => this.#jumping--);
    this.#jumps = jump.catch(() => {});
    return jump;
  }

  async #jumpTo(target: number): Promise<void> {
    for (let next = this.#queue.nextDeadline(); next <= target; next = this.#queue.nextDeadline()) {
      this.#moveTo(next);
      this.#fire();
      await idleLoop();
    }
    this.#moveTo(target);
    this.#schedule();
    await idleLoop();
  }

  setTimer(when: number, cb: () => void): Disposable {
    return startTimer(this, when, cb);
  }

  arm(entry: Timed): void {
    if (entry.when === Infinity) return;
    this.#queue.add(entry);
    if (this.#auto.cushion !== Infinity) watch(this.#auto);
    if (this.#rate > 0 || entry.when <= this.#time) this.#schedule();
  }

  disarm(entry: Timed): void {
    this.#queue.remove(entry);
    if (this.#queue.live === 0) this.#rest();
  }

  attach(user: ClockUser): void {
    this.#users.add(user);
  }

  detach(user: ClockUser): void {
    this.#users.delete(user);
  }

  #moveTo(time: number): void {
    if (time > this.now()) this.#time = time;
    else this.#time = this.now();
    this.#since = performance.now();
  }

  /** Everything that is due now. What is armed meanwhile has its turn later, so that a timer that rearms itself cannot hang us. */
  #fire(): void {
    const before = this.#queue.armed;
    const now = this.now();
    try {
      for (let due = this.#queue.takeDue(now, before); due !== null; due = this.#queue.takeDue(now, before)) due.fire();
    } finally {
      if (this.#queue.live === 0) this.#rest();
      else this.#schedule();
    }
  }

  #next(): void {
    this.#moveTo(this.#queue.nextDeadline());
    this.#fire();
  }

  #rest(): void {
    unwatch(this.#auto);
    this.#cancelTick?.();
    this.#cancelTick = null;
  }

  /** A real timer for what comes due without a jump: at `rate`, or because it is due already. */
  #schedule(): void {
    this.#cancelTick?.();
    this.#cancelTick = null;
    const rest = this.#queue.nextDeadline() - this.now();
    const delay = rest <= 0 ? 0 : this.#rate > 0 ? rest / this.#rate : Infinity;
    if (delay === Infinity) return;
    const timer = setTimeout(this.#tick, Math.min(Math.ceil(delay), MAX_NODE_DELAY));
    this.#cancelTick = () => clearTimeout(timer);
  }

  readonly #tick = (): void => {
    this.#cancelTick = null;
    if (this.#queue.nextDeadline() <= this.now()) this.#fire();
    else this.#schedule();
  };

  #mustWait(): boolean {
    if (this.#jumping > 0) return true;
    const reasons = this.#reasonsToWait();
    if (reasons.length === 0) this.#heldSince = Infinity;
    else this.#warnWhenLong(reasons);
    return reasons.length > 0;
  }

  #reasonsToWait(): string[] {
    let external = 0;
    for (const user of this.#users) external += user.external;
    return external > 0 ? [`${external} ${external === 1 ? 'call' : 'calls'} outside the loop (withSignal, jobs)`] : pendingRequests();
  }

  /** A test that hangs because its clock must not jump should say so. */
  #warnWhenLong(reasons: readonly string[]): void {
    const now = performance.now();
    if (this.#heldSince === Infinity) this.#heldSince = now;
    if (this.#warned || now - this.#heldSince < WARN_AFTER_MS) return;
    this.#warned = true;
    console.error(`MockClock does not jump, because work is under way outside the loop: ${reasons.join(', ')}`);
  }
}

function checked(where: string, ms: number): number {
  checkDuration(where, ms);
  return ms;
}

/** Lets everything that can run do so; a task that never blocks is waited for a while only. */
function idleLoop(): Promise<void> {
  return new Promise((resolve) => {
    const entry: IdleEntry = {
      cushion: 0,
      rank: 1,
      patience: TURNS_BETWEEN_DEADLINES,
      held: () => false,
      idle: () => {
        unwatch(entry);
        resolve();
      },
    };
    watch(entry);
  });
}
