/**
 * Trying again what failed, later each time.
 *
 * The delays are random by default ("full jitter"): clients that failed together must not come back together. A cancellation is
 * no failure: it ends the call at once, also in the middle of a delay.
 */
import { isCancelled } from '../base/errors.ts';
import { checkCount, checkDuration, checkFinite, checkFunction, checkNumber, checkOneOf, ownOptions } from '../base/validate.ts';
import { throwIfCancelled } from '../core/checkpoint.ts';
import { here } from '../core/scope.ts';
import { now, sleep } from '../core/sleep.ts';
import type { MaybePromise } from '../core/task.ts';
import { notify } from './notify.ts';
import { verdict, withCause } from './verdict.ts';

export interface RetryOptions {
  /** How often `fn` is called at most, the first time included. Default 3; Infinity: until it succeeds. */
  attempts?: number;
  /** Milliseconds before the second attempt, before jitter. Default 100. */
  baseDelay?: number;
  /** Milliseconds that a delay never exceeds, except one from `delayFor`. Default 30,000, or `baseDelay` if that is more. */
  maxDelay?: number;
  /** By how much each delay is longer than the last, 1 or more. Default 2. */
  factor?: number;
  /** `full` (default): anything from 0 to the delay; `equal`: from half of it; `none`: the delay itself. */
  jitter?: 'full' | 'equal' | 'none';
  /** Milliseconds from the call of `retry`: a delay that would end later is not begun. Default Infinity. */
  maxElapsed?: number;
  /** Whether this error is worth another attempt. Default: every error. Not asked about a cancellation. */
  retryIf?: (e: unknown, attempt: number) => boolean;
  /** Milliseconds to wait after this error, as they are: for `Retry-After`. undefined: as usual; Infinity: give up. */
  delayFor?: (e: unknown, attempt: number) => number | undefined;
  /** Hears of each failure that another attempt follows, before the delay. `attempt` counts from 1. What it throws goes to the exception handler. */
  onRetry?: (e: unknown, attempt: number, delay: number) => void;
}

interface Policy extends Required<Omit<RetryOptions, 'retryIf' | 'delayFor' | 'onRetry'>> {
  readonly retryIf: RetryOptions['retryIf'] | undefined;
  readonly delayFor: RetryOptions['delayFor'] | undefined;
  readonly onRetry: RetryOptions['onRetry'] | undefined;
}

/**
 * Calls `fn` until it succeeds, with longer and longer delays in between. `fn` gets the number of the attempt, from 1.
 *
 * - Waits for: `fn`, and the delays between attempts.
 * - On cancel: before `fn` was called, nothing has happened; in a delay it ends at once; `fn` itself is told as ever.
 * - Order: for a failure: `retryIf`, `delayFor`, `onRetry`, the delay, the next attempt.
 * - Throws: the last error of `fn` itself; CancelledError; what `retryIf` or `delayFor` throws, with the error of
 *   `fn` as its cause.
 */
export async function retry<T>(fn: (attempt: number) => MaybePromise<T>, options?: RetryOptions): Promise<T> {
  checkFunction('fn', fn);
  const policy = resolve(options);
  throwIfCancelled();
  const begun = now();
  for (let attempt = 1; ; attempt++) {
    let delay: number;
    try {
      return await fn(attempt);
    } catch (error) {
      // In a cancelled scope there is no later. What was thrown there may be an error of its own, and must not be lost.
      if (isCancelled(error) || here().effective !== null) throw error;
      delay = decide(policy, error, attempt, begun);
      if (delay === Infinity) throw error;
    }
    await sleep(delay);
  }
}

/** Milliseconds until the next attempt; Infinity: there is none. */
function decide(policy: Policy, error: unknown, attempt: number, begun: number): number {
  const { attempts, retryIf, maxElapsed, onRetry } = policy;
  if (attempt >= attempts) return Infinity;
  if (retryIf !== undefined && !verdict('options.retryIf', () => retryIf(error, attempt), error)) return Infinity;
  const delay = prescribed(policy, error, attempt) ?? backoff(policy, attempt);
  if (delay === Infinity || now() - begun + delay > maxElapsed) return Infinity;
  if (onRetry !== undefined) notify(onRetry, error, attempt, delay);
  return delay;
}

/** What `delayFor` says. A date in the past makes a negative delay: none. */
function prescribed({ delayFor }: Policy, error: unknown, attempt: number): number | undefined {
  try {
    const delay = delayFor?.(error, attempt);
    if (delay === undefined) return undefined;
    checkNumber('what options.delayFor returns', delay, 'a number of milliseconds, or undefined');
    return Math.max(0, delay);
  } catch (mistake) {
    throw withCause(mistake, error);
  }
}

function backoff({ baseDelay, factor, maxDelay, jitter }: Policy, attempt: number): number {
  // Bounded, because after many attempts the power is infinite: nobody waits that long, and 0 times that would be no number.
  const full = Math.min(maxDelay, baseDelay * Math.min(factor ** (attempt - 1), Number.MAX_SAFE_INTEGER));
  if (jitter === 'none') return full;
  const least = jitter === 'equal' ? full / 2 : 0;
  return least + Math.random() * (full - least);
}

const names = ['attempts', 'baseDelay', 'maxDelay', 'factor', 'jitter', 'maxElapsed', 'retryIf', 'delayFor', 'onRetry'] as const;

function resolve(options: RetryOptions | undefined): Policy {
  const o = ownOptions<RetryOptions>('options', options, names);
  if (o.attempts !== undefined) checkCount('options.attempts', o.attempts, 1, { infinite: true });
  if (o.baseDelay !== undefined) checkFinite('options.baseDelay', o.baseDelay, 0);
  if (o.maxDelay !== undefined) checkDuration('options.maxDelay', o.maxDelay);
  if (o.factor !== undefined) checkFinite('options.factor', o.factor, 1);
  if (o.jitter !== undefined) checkOneOf('options.jitter', o.jitter, ['full', 'equal', 'none']);
  if (o.maxElapsed !== undefined) checkDuration('options.maxElapsed', o.maxElapsed);
  for (const name of ['retryIf', 'delayFor', 'onRetry'] as const) {
    if (o[name] !== undefined) checkFunction(`options.${name}`, o[name]);
  }
  const baseDelay = o.baseDelay ?? 100;
  return {
    attempts: o.attempts ?? 3,
    baseDelay,
    maxDelay: o.maxDelay ?? Math.max(30_000, baseDelay),
    factor: o.factor ?? 2,
    jitter: o.jitter ?? 'full',
    maxElapsed: o.maxElapsed ?? Infinity,
    retryIf: o.retryIf,
    delayFor: o.delayFor,
    onRetry: o.onRetry,
  };
}
