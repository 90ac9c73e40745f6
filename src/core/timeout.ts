/** Time limits and shields: thin forms over CancelScope. */
import { isCancelled, TimeoutError } from '../base/errors.ts';
import type { CancelledError } from '../base/errors.ts';
import { checkBoolean, checkDelay, checkFunction, checkNumber, checkString, ownOptions } from '../base/validate.ts';
import { CancelScope } from './cancel-scope.ts';
import { runIn } from './task.ts';
import type { MaybePromise } from './task.ts';

export interface TimeoutOptions {
  /** Keeps cancellation from outside away; the limit itself still counts. */
  shield?: boolean;
  /** The message of the TimeoutError. */
  message?: string;
}

const NO_OPTIONS: TimeoutOptions = Object.freeze({});
const SHIELDED: TimeoutOptions = Object.freeze({ shield: true });

type Body<T> = (s: CancelScope) => MaybePromise<T>;

/**
 * Runs `body` with a time limit in milliseconds; `null` = no limit, zero or less = expired at the body's first checkpoint.
 *
 * - Waits for: the body, including its cleanup after the limit.
 * - On cancel: passes through. `s.cancel()` inside, before the deadline, rejects with CancelledError.
 * - Order: of nested limits that expire together, the outermost is the one that throws.
 * - Throws: TimeoutError when the limit stopped the body; what the body throws.
 */
export function timeout<T>(ms: number | null, body: Body<T>, options?: TimeoutOptions): Promise<T> {
  return limited('ms', ms, body, options);
}

/**
 * Runs `body` up to a point in time on the clock of `now()`; `null` = no limit, the past = expired at the body's first checkpoint.
 *
 * - Waits for: the body, including its cleanup after the limit.
 * - On cancel: passes through. `s.cancel()` inside, before the deadline, rejects with CancelledError.
 * - Order: of nested limits that expire together, the outermost is the one that throws.
 * - Throws: TimeoutError when the limit stopped the body; what the body throws.
 */
export function timeoutAt<T>(when: number | null, body: Body<T>, options?: TimeoutOptions): Promise<T> {
  return limited('when', when, body, options);
}

async function limited<T>(kind: 'ms' | 'when', limit: number | null, body: Body<T>, options: TimeoutOptions | undefined): Promise<T> {
  const o = options === undefined ? NO_OPTIONS : checkedOptions(options);
  const handle = handleFor(kind, limit, o.shield ?? false);
  checkFunction('body', body);
  const scope = handle.enter();
  try {
    return await runIn<T, CancelScope>(scope, body, handle);
  } catch (error) {
    if (!isCancelled(error) || !scope.absorbs) throw error;
    scope.caught = true;
  } finally {
    handle.leave(scope);
  }
  const reason = scope.own as CancelledError;
  if (reason.source !== 'deadline') throw reason;
  const what = kind === 'ms' ? `${limit} ms` : 'its deadline';
  throw new TimeoutError(o.message ?? `Timed out after ${what}`, handle.deadline, { cause: reason });
}

function handleFor(kind: 'ms' | 'when', limit: number | null, shielded: boolean): CancelScope {
  if (limit === null) return CancelScope.limited(Infinity, Infinity, shielded);
  if (kind === 'ms') checkDelay('ms', limit);
  else checkNumber('when', limit, 'a point in time in milliseconds');
  return kind === 'ms' ? CancelScope.limited(limit, Infinity, shielded) : CancelScope.limited(Infinity, limit, shielded);
}

function checkedOptions(options: TimeoutOptions): TimeoutOptions {
  const o = ownOptions<TimeoutOptions>('options', options, ['shield', 'message']);
  if (o.shield !== undefined) checkBoolean('options.shield', o.shield);
  if (o.message !== undefined) checkString('options.message', o.message);
  return o;
}

/**
 * Runs `body` with a time limit and goes on quietly when it expires: resolves with `fallback`, or undefined.
 *
 * - Waits for: the body, including its cleanup after the limit.
 * - On cancel: passes through; `s.cancel()` inside ends the body as the limit does.
 * - Order: of nested limits that expire together, the outermost is the one that ends.
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
  const scope = handleFor('ms', ms, o.shield ?? false);
  const value = await scope.run(body);
  return scope.cancelledCaught ? o.fallback : value;
}

/**
 * Keeps cancellation from outside away from `body`, for cleanup that must finish. The caller's next checkpoint throws.
 *
 * - Waits for: the body.
 * - On cancel: not interrupted; `s.cancel()` inside still works.
 * - Order: the cancellation from outside comes when the body has ended.
 * - Throws: TimeoutError when `timeout` milliseconds have passed; what the body throws.
 */
export async function shield<T>(body: Body<T>, options?: { timeout?: number }): Promise<T> {
  const o = ownOptions<{ timeout?: number }>('options', options, ['timeout']);
  if (o.timeout !== undefined) checkDelay('options.timeout', o.timeout);
  return limited('ms', o.timeout ?? null, body, SHIELDED);
}
