/** Time limits and shields: thin forms over CancelScope. */
import { TimeoutError } from '../base/errors.ts';
import { checkBoolean, checkDelay, checkFunction, checkNumber, checkString, ownOptions } from '../base/validate.ts';
import { CancelScope } from './cancel-scope.ts';
import type { ScopeOptions } from './cancel-scope.ts';
import type { MaybePromise } from './task.ts';

export interface TimeoutOptions {
  /** Keeps cancellation from outside away; the limit itself still counts. */
  shield?: boolean;
  /** The message of the TimeoutError. */
  message?: string;
}

type Body<T> = (s: CancelScope) => MaybePromise<T>;

/**
 * Runs `body` with a time limit in milliseconds; `null` = no limit, zero or less = expired at the body's first checkpoint.
 *
 * - Waits for: the body, including its cleanup after the limit.
 * - On cancel: passes through. `s.cancel()` inside, before the deadline, rejects with CancelledError.
 * - Throws: TimeoutError when the limit stopped the body; what the body throws.
 */
export async function timeout<T>(ms: number | null, body: Body<T>, options?: TimeoutOptions): Promise<T> {
  if (ms !== null) checkDelay('ms', ms);
  return limited(ms === null ? {} : { timeout: ms }, body, options, ms === null ? '' : `${ms} ms`);
}

/** As `timeout`, up to a point in time on the clock of `now()`. */
export async function timeoutAt<T>(when: number | null, body: Body<T>, options?: TimeoutOptions): Promise<T> {
  if (when !== null) checkNumber('when', when, 'a point in time in milliseconds');
  return limited(when === null ? {} : { deadline: when }, body, options, 'its deadline');
}

async function limited<T>(limit: ScopeOptions, body: Body<T>, options: TimeoutOptions | undefined, what: string): Promise<T> {
  checkFunction('body', body);
  const o = ownOptions<TimeoutOptions>('options', options, ['shield', 'message']);
  if (o.shield !== undefined) checkBoolean('options.shield', o.shield);
  if (o.message !== undefined) checkString('options.message', o.message);
  const scope = new CancelScope({ ...limit, shield: o.shield ?? false });
  const value = await scope.run(body);
  if (!scope.cancelledCaught) return value as T;
  const reason = scope.cancelReason;
  if (reason?.source !== 'deadline') throw reason;
  throw new TimeoutError(o.message ?? `Timed out after ${what}`, scope.deadline, { cause: reason });
}

/**
 * Runs `body` with a time limit and goes on quietly when it expires: resolves with `fallback`, or undefined.
 *
 * - Waits for: the body, including its cleanup after the limit.
 * - On cancel: passes through; `s.cancel()` inside ends the body as the limit does.
 * - Throws: what the body throws.
 */
export function moveOnAfter<T>(ms: number | null, body: Body<T>, o?: { shield?: boolean }): Promise<T | undefined>;
export function moveOnAfter<T, F>(ms: number | null, body: Body<T>, o: { shield?: boolean; fallback: F }): Promise<T | F>;
export async function moveOnAfter<T, F>(
  ms: number | null,
  body: Body<T>,
  options?: { shield?: boolean; fallback?: F },
): Promise<T | F | undefined> {
  if (ms !== null) checkDelay('ms', ms);
  checkFunction('body', body);
  const o = ownOptions<{ shield?: boolean; fallback?: F }>('options', options, ['shield', 'fallback']);
  if (o.shield !== undefined) checkBoolean('options.shield', o.shield);
  const scope = new CancelScope({ ...(ms === null ? {} : { timeout: ms }), shield: o.shield ?? false });
  const value = await scope.run(body);
  return scope.cancelledCaught ? o.fallback : value;
}

/**
 * Keeps cancellation from outside away from `body`, for cleanup that must finish. The caller's next checkpoint throws.
 *
 * - Waits for: the body.
 * - On cancel: not interrupted; `s.cancel()` inside still works.
 * - Throws: TimeoutError when `timeout` milliseconds have passed; what the body throws.
 */
export async function shield<T>(body: Body<T>, options?: { timeout?: number }): Promise<T> {
  const o = ownOptions<{ timeout?: number }>('options', options, ['timeout']);
  if (o.timeout !== undefined) checkDelay('options.timeout', o.timeout);
  return limited(o.timeout === undefined ? {} : { timeout: o.timeout }, body, { shield: true }, `${o.timeout} ms`);
}
