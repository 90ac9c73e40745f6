/** The executor that offloaded functions use when none is named: one per `run()`, made on demand, shut down at its end. */
import { checkDuration } from '../base/validate.ts';
import { here } from '../core/scope.ts';
import type { Task } from '../core/task.ts';
import type { Executor, Offloaded, SubmitOptions } from './executor.ts';
import { isInsideJob, localOf, runInPlace } from './in-place.ts';
import { checkExecutor } from './options.ts';
import { PoolExecutor } from './pool-executor.ts';
import { ThreadPoolExecutor } from './thread.ts';

type Fn = (...args: never[]) => unknown;

export function defaultExecutor(): Executor {
  const { runtime } = here();
  runtime.executor ??= new ThreadPoolExecutor({ name: 'default executor' });
  return runtime.executor as Executor;
}

/** Submits to `executor`, or to the default one. The stacks of its errors end at the caller of `below`. */
export function submitTo(
  executor: Executor | null,
  below: Fn,
  fn: Fn,
  local: Fn,
  args: readonly unknown[],
  options?: SubmitOptions,
): Task<unknown> {
  if (executor === null && isInsideJob()) return runInPlace(local, args, options);
  const target = executor ?? defaultExecutor();
  if (target instanceof PoolExecutor) return target.submitFrom(below, fn, args, options);
  return target.submit(fn as (...a: unknown[]) => unknown, args as unknown[], options);
}

/**
 * `loop.run_in_executor`: runs `fn(...args)` in `executor`, or in the default one for null. A plain function must be
 * self-contained: it travels as source text, and a variable from around it is refused with its name.
 *
 * - Waits for: nothing; the task settles when the job has ended.
 * - On cancel: as `Executor.submit`.
 * - Order: first come, first served.
 * - Throws: TypeError for what is no executor; the task rejects with everything else.
 */
export function runInExecutor<A extends unknown[], R>(
  executor: Executor | null,
  fn: Offloaded<A, R> | ((...a: A) => R),
  ...args: A
): Task<Awaited<R>> {
  if (executor !== null) checkExecutor('executor', executor);
  return submitTo(executor, runInExecutor, fn, localOf(fn), args) as Task<Awaited<R>>;
}

/**
 * `asyncio.to_thread`: runs `fn(...args)` in the default executor.
 *
 * - Waits for: nothing; the task settles when the job has ended.
 * - On cancel: as `Executor.submit`.
 * - Order: first come, first served.
 * - Throws: nothing; the task rejects with everything.
 */
export function toThread<A extends unknown[], R>(fn: Offloaded<A, R> | ((...a: A) => R), ...args: A): Task<Awaited<R>> {
  return submitTo(null, toThread, fn, localOf(fn), args) as Task<Awaited<R>>;
}

/**
 * Makes `executor` the default of the surrounding `run()`, which shuts it down at its end. The former one is not closed.
 *
 * - Throws: TypeError for what is no executor.
 */
export function setDefaultExecutor(executor: Executor): void {
  checkExecutor('executor', executor);
  const { runtime } = here();
  runtime.executor = executor;
  runtime.closables.add(executor);
}

/**
 * Shuts the default executor down, if there is one; the next use makes a new one. `timeout` in milliseconds, default: no limit.
 *
 * - Waits for: its jobs, at most `timeout`; what is left then is cancelled and killed. Then for the end of its workers.
 * - On cancel: not a checkpoint, and not cancelled: releasing must work in a cancelled scope.
 * - Order: as `Executor.shutdown`.
 * - Throws: RangeError or TypeError for a bad `timeout`.
 */
export async function shutdownDefaultExecutor(timeout?: number): Promise<void> {
  if (timeout !== undefined) checkDuration('timeout', timeout);
  const { runtime } = here();
  const { executor } = runtime;
  runtime.executor = null;
  if (executor !== null) await executor.shutdown(timeout === undefined ? {} : { timeout });
}
