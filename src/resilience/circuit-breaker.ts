/**
 * Stops calling what fails: after some failures in a row calls are refused at once, until a few probes have shown that it works
 * again.
 *
 * Each state is an object of its own, and a call remembers in which it began. One that ends when that state is over decides
 * nothing: what began before the circuit opened neither opens it again nor closes it.
 *
 * There is no timer: an open circuit becomes half-open with the first call after `recoveryTimeout`.
 */
import { CircuitOpenError, isCancelled } from '../base/errors.ts';
import { checkCount, checkDuration, checkFunction, checkString, ownOptions } from '../base/validate.ts';
import { here } from '../core/scope.ts';
import { now } from '../core/sleep.ts';
import type { MaybePromise } from '../core/task.ts';
import { notify } from './notify.ts';
import { verdict } from './verdict.ts';

export type CircuitState = 'closed' | 'open' | 'half-open';

export interface CircuitBreakerOptions {
  /** Failures in a row that open the circuit. Default 5. */
  failureThreshold?: number;
  /** Probes in a row that must succeed to close it again. Default 1. */
  successThreshold?: number;
  /** Milliseconds from opening to the first probe. Default 30,000. */
  recoveryTimeout?: number;
  /** Probes at the same time. Default 1. */
  halfOpenLimit?: number;
  /** Whether an error says that the other side is ill; one that does not counts as a success. Default: every error. Not asked about a cancellation. */
  isFailure?: (e: unknown) => boolean;
  /** Named in errors. */
  name?: string;
}

export interface CircuitStats {
  state: CircuitState;
  /** Calls that failed, that succeeded, and that were refused, since the breaker was made. */
  failures: number;
  successes: number;
  rejected: number;
}

type State =
  | { readonly is: 'closed'; failures: number }
  | { readonly is: 'open'; readonly retryAt: number }
  | { readonly is: 'half-open'; successes: number; probes: number };

/** `void`: it was cancelled, and says nothing about the other side. */
type Outcome = 'success' | 'failure' | 'void';

export class CircuitBreaker {
  readonly #options: Required<Omit<CircuitBreakerOptions, 'name'>>;
  readonly #name: string;
  readonly #listeners = new Set<{ readonly cb: (to: CircuitState) => void }>();
  readonly #news: CircuitState[] = [];
  readonly #count = { failures: 0, successes: 0, rejected: 0 };
  #state: State = { is: 'closed', failures: 0 };

  constructor(options?: CircuitBreakerOptions) {
    const o = ownOptions<CircuitBreakerOptions>('options', options, [...thresholds, 'recoveryTimeout', 'isFailure', 'name']);
    for (const name of thresholds) if (o[name] !== undefined) checkCount(`options.${name}`, o[name], 1);
    if (o.recoveryTimeout !== undefined) checkDuration('options.recoveryTimeout', o.recoveryTimeout);
    if (o.isFailure !== undefined) checkFunction('options.isFailure', o.isFailure);
    if (o.name !== undefined) checkString('options.name', o.name);
    this.#name = o.name === undefined ? 'The circuit' : `The circuit ${JSON.stringify(o.name)}`;
    this.#options = {
      failureThreshold: o.failureThreshold ?? 5,
      successThreshold: o.successThreshold ?? 1,
      recoveryTimeout: o.recoveryTimeout ?? 30_000,
      halfOpenLimit: o.halfOpenLimit ?? 1,
      isFailure: o.isFailure ?? always,
    };
  }

  /** `half-open` from the time on at which a call would be made, though nobody has made one. */
  get state(): CircuitState {
    return isDue(this.#state) ? 'half-open' : this.#state.is;
  }

  /**
   * Calls `fn`, unless the circuit is open, and notes how it ended. A time limit belongs inside (`breaker.call(() => timeout(…))`):
   * its TimeoutError is a failure of `fn`, while one around the call is a cancellation, and decides nothing.
   *
   * - Waits for: `fn`. A refusal waits for nothing.
   * - On cancel: before `fn` was called, nothing has happened; later `fn` is told, and how it ends counts only if it succeeds.
   * - Order: none.
   * - Throws: CircuitOpenError, and then `fn` was not called; CancelledError; what `fn` throws; what `isFailure` throws.
   */
  async call<T>(fn: () => MaybePromise<T>): Promise<T> {
    checkFunction('fn', fn);
    const scope = here();
    if (scope.effective !== null) throw scope.interrupt();
    const state = this.#admit();
    let value: T;
    try {
      value = await fn();
    } catch (error) {
      this.#ended(state, this.#judge(error, state));
      throw error;
    }
    this.#ended(state, 'success');
    return value;
  }

  /** The state that the call belongs to. */
  #admit(): State {
    const { recoveryTimeout, halfOpenLimit } = this.#options;
    if (isDue(this.#state)) this.#become({ is: 'half-open', successes: 0, probes: 0 });
    const state = this.#state;
    if (state.is === 'open') throw this.#refusal('is open', state.retryAt);
    if (state.is === 'half-open') {
      // Nobody knows when a probe will end; this is what a failing one would make of it, and a caller who waits for it does not spin.
      if (state.probes === halfOpenLimit) throw this.#refusal('is being probed', now() + recoveryTimeout);
      state.probes++;
    }
    return state;
  }

  #refusal(what: string, retryAt: number): CircuitOpenError {
    this.#count.rejected++;
    const wait = retryAt === Infinity ? 'it does not recover by itself' : `retry in ${Math.ceil(retryAt - now())} ms`;
    return new CircuitOpenError(`${this.#name} ${what}, the call was not made: ${wait}`, retryAt);
  }

  #judge(error: unknown, state: State): Outcome {
    // In a cancelled scope any error may be an echo of the cancellation, in the words of a driver.
    if (isCancelled(error) || here().effective !== null) return 'void';
    try {
      return verdict('options.isFailure', () => this.#options.isFailure(error), error) ? 'failure' : 'success';
    } catch (mistake) {
      this.#ended(state, 'failure');
      throw mistake;
    }
  }

  #ended(state: State, outcome: Outcome): void {
    if (state.is === 'half-open') state.probes--;
    if (outcome === 'failure') this.#count.failures++;
    if (outcome === 'success') this.#count.successes++;
    if (state !== this.#state || outcome === 'void') return;
    if (outcome === 'failure') this.#failed(state);
    else this.#succeeded(state);
  }

  #failed(state: State): void {
    if (state.is === 'closed' && ++state.failures < this.#options.failureThreshold) return;
    this.#become({ is: 'open', retryAt: now() + this.#options.recoveryTimeout });
  }

  #succeeded(state: State): void {
    if (state.is === 'closed') state.failures = 0;
    else if (state.is === 'half-open' && ++state.successes >= this.#options.successThreshold) this.#become({ is: 'closed', failures: 0 });
  }

  /** A listener that causes the next change does not make others hear of it first. */
  #become(state: State): void {
    this.#state = state;
    this.#news.push(state.is);
    if (this.#news.length > 1) return;
    for (let to = this.#news[0]; to !== undefined; this.#news.shift(), to = this.#news[0]) {
      for (const { cb } of this.#listeners) notify(cb, to);
    }
  }

  /**
   * Calls back at each change, in the course of the call that causes it; `half-open` with the first probe. What the callback
   * throws goes to the exception handler. Disposing the result ends it.
   */
  onStateChange(cb: (to: CircuitState) => void): Disposable {
    checkFunction('cb', cb);
    const listener = { cb };
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  statistics(): CircuitStats {
    return Object.freeze({ state: this.state, ...this.#count });
  }

  toString(): string {
    const { failures, successes, rejected } = this.#count;
    return `<CircuitBreaker ${this.state}, ${failures} failures, ${successes} successes, ${rejected} rejected>`;
  }
}

const thresholds = ['failureThreshold', 'successThreshold', 'halfOpenLimit'] as const;

function isDue(state: State): boolean {
  return state.is === 'open' && now() >= state.retryAt;
}

function always(): boolean {
  return true;
}
