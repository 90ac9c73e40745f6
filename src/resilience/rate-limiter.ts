/** A limit on how often something is begun, as the APIs of others demand it. */
import type { TimerClock } from '../base/clock.ts';
import { checkCount, checkNumber, checkOneOf, outOfRange, ownOptions, wrongType } from '../base/validate.ts';
import { here } from '../core/scope.ts';
import { done } from '../core/turn.ts';
import { Alarm } from './alarm.ts';
import { Line } from './line.ts';
import type { RateAlgorithm } from './rate-algorithm.ts';
import { SlidingWindow } from './sliding-window.ts';
import { TokenBucket } from './token-bucket.ts';

export interface RateLimiterOptions {
  /** How much is admitted in `per` milliseconds. */
  rate: number;
  /** Milliseconds. Default 1,000. */
  per?: number;
  /** What may be taken at once after a rest. Default: `rate`. A token bucket only. */
  burst?: number;
  /**
   * `token-bucket` (default): an even rate, with bursts; `sliding-window`: never more than `rate` in any `per` milliseconds, as
   * servers count that refuse what is above it.
   */
  algorithm?: 'token-bucket' | 'sliding-window';
}

export interface RateLimiterStats {
  /** What could be taken now, if nobody waited. */
  available: number;
  waiting: number;
}

export class RateLimiter {
  readonly #algorithmOf: () => RateAlgorithm;
  #algorithm: RateAlgorithm;
  #pausedUntil = -Infinity;
  /** The one that the times are of. */
  #clock: TimerClock | null = null;
  /** Set while somebody waits, for whoever is first in line; that keeps the process alive. */
  readonly #alarm = new Alarm(() => this.#admit());
  readonly #line: Line<void, number> = new Line('RateLimiter.acquire', this, () => this.#admit());

  constructor(options: RateLimiterOptions) {
    this.#algorithmOf = resolve(options);
    this.#algorithm = this.#algorithmOf();
  }

  /**
   * Waits until `weight` may be taken, and takes it.
   *
   * - Waits for: the rate, a pause, and whoever came before.
   * - On cancel: leaves the line; nothing was taken.
   * - Order: first come, first served, whatever the weights: a heavy one is not passed by light ones.
   * - Throws: CancelledError; RangeError for a weight that is not a whole number from 1 to `burst` (to `rate`, of a sliding window).
   */
  acquire(weight: number = 1): Promise<void> {
    try {
      this.#check(weight);
    } catch (error) {
      return Promise.reject(error);
    }
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    const { clock } = scope.runtime;
    this.#follow(clock);
    if (this.#line.size === 0 && this.#take(weight, clock.now())) return done();
    const turn = this.#line.join(scope, weight);
    if (this.#line.size === 1) this.#admit();
    return turn;
  }

  /** Takes `weight` if it may be taken at once and nobody waits, else returns false. Throws RangeError as `acquire`. */
  tryAcquire(weight: number = 1): boolean {
    this.#check(weight);
    const { clock } = here().runtime;
    this.#follow(clock);
    return this.#line.size === 0 && this.#take(weight, clock.now());
  }

  #check(weight: number): void {
    checkCount('weight', weight, 1, { max: Math.floor(this.#algorithm.capacity) });
  }

  /** A limiter of a module may serve several runs. What was taken on another clock says nothing about this one. */
  #follow(clock: TimerClock): void {
    if (clock === this.#clock || this.#line.size > 0) return;
    if (this.#clock !== null) {
      this.#algorithm = this.#algorithmOf();
      this.#pausedUntil = -Infinity;
    }
    this.#clock = clock;
  }

  #take(weight: number, now: number): boolean {
    if (this.#readyAt(weight, now) > now) return false;
    this.#algorithm.take(weight, now);
    return true;
  }

  #readyAt(weight: number, now: number): number {
    return Math.max(this.#pausedUntil, this.#algorithm.readyAt(weight, now));
  }

  /** Lets in whoever may go, in order, and sets the alarm for whoever is first then. */
  #admit(): void {
    const clock = this.#clock as TimerClock;
    for (let next = this.#line.next; next !== null; next = this.#line.next) {
      const now = clock.now();
      if (!this.#take(next.carried, now)) return this.#alarm.set(clock, this.#readyAt(next.carried, now), true);
      this.#line.shift()?.grant(undefined);
    }
    this.#alarm.clear();
  }

  /**
   * Admits nothing until `when`, on the clock of `now()`: for `Retry-After`. It holds for those who wait already; a pause is never
   * shortened, so of several answers the one that asks for most counts.
   */
  pauseUntil(when: number): void {
    checkNumber('when', when, 'a finite point in time in milliseconds');
    if (!Number.isFinite(when)) throw outOfRange('when', 'a finite point in time in milliseconds', when);
    this.#follow(here().runtime.clock);
    this.#pausedUntil = Math.max(this.#pausedUntil, when); // an alarm that is set already rings too early, and is set anew
  }

  statistics(): RateLimiterStats {
    const now = (this.#clock ?? here().runtime.clock).now();
    const available = now < this.#pausedUntil ? 0 : this.#algorithm.available(now);
    return Object.freeze({ available, waiting: this.#line.size });
  }

  toString(): string {
    const { available, waiting } = this.statistics();
    return `<RateLimiter ${available} available, ${waiting} waiting>`;
  }
}

function resolve(options: RateLimiterOptions): () => RateAlgorithm {
  const o = ownOptions<RateLimiterOptions>('options', options, ['rate', 'per', 'burst', 'algorithm']);
  if (o.algorithm !== undefined) checkOneOf('options.algorithm', o.algorithm, ['token-bucket', 'sliding-window']);
  const { rate, per = 1000, burst } = o;
  checkPositive('options.per', per);
  if (o.algorithm === 'sliding-window') {
    checkCount('options.rate', rate, 1);
    if (burst !== undefined) throw wrongType('options.burst', 'left out: a sliding window knows no bursts beyond its rate', burst);
    return () => new SlidingWindow(rate as number, per);
  }
  checkPositive('options.rate', rate);
  if (burst !== undefined) checkCount('options.burst', burst, 1);
  return () => new TokenBucket(rate as number, per, burst ?? Math.max(1, rate as number));
}

function checkPositive(where: string, value: unknown): void {
  const expected = 'a finite number above 0';
  checkNumber(where, value, expected);
  if (!((value as number) > 0) || value === Infinity) throw outOfRange(where, expected, value);
}
