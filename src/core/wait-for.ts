/** `asyncio.wait_for`: one source with a time limit that also stops it. */
import { CancelledError, TimeoutError } from '../base/errors.ts';
import { checkDelay } from '../base/validate.ts';
import type { ResultOf, Source } from './gather.ts';
import { here } from './scope.ts';
import { abandon, checkSource, joined, sourceTask } from './source-task.ts';
import { TaskCore } from './task.ts';
import { moveOnAfter } from './timeout.ts';
import { nextTurn } from './turn.ts';

/**
 * Waits for `src`, at most `ms` milliseconds (`null`: no limit). When the time is over, or the caller is cancelled, the source
 * is cancelled (also a task that was given), and its cleanup is waited for. A source that has settled gives its outcome even
 * with no time at all. To leave a task running, use `timeout(ms, () => task)`.
 *
 * - Waits for: the source, including its cleanup.
 * - On cancel: the source is cancelled and joined.
 * - Order: a function starts one microtask later.
 * - Throws: TimeoutError; what the source throws, also during its cleanup; CancelledError. A source that resists its
 *   cancellation and returns a value gives that value.
 */
export async function waitFor<S extends Source>(src: S, ms: number | null): Promise<ResultOf<S>> {
  checkSource('src', src);
  if (ms !== null) checkDelay('ms', ms);
  const scope = here();
  if (scope.effective !== null) {
    abandon([src]);
    throw scope.interrupt();
  }
  const deadline = ms === null ? Infinity : scope.runtime.clock.now() + ms;
  const { task, own } = sourceTask(src, scope);
  // The caller does nothing meanwhile, so the function acts for it: `waitFor(() => condition.wait(), 5)` with the caller's lock.
  if (own) task.strand = scope.strand;
  // A promise that has settled takes a few microtasks to say so.
  if (ms !== null && ms <= 0 && typeof src !== 'function' && !(src instanceof TaskCore)) await nextTurn();
  const stopped = await settledWithin(task, ms);
  if (stopped !== null) {
    task.cancelWith(stopped);
    await joined([task]);
    if (task.state === 'cancelled') {
      throw scope.effective ?? new TimeoutError(`Timed out after ${ms} ms`, deadline, { cause: task.error() });
    }
  }
  return task.result() as ResultOf<S>;
}

/** null when the task has settled, else why it must stop. */
async function settledWithin(task: TaskCore, ms: number | null): Promise<CancelledError | null> {
  if (task.settled) return null;
  try {
    const inTime = await moveOnAfter(ms, async () => {
      await task.wait();
      return true;
    });
    return inTime || task.settled ? null : new CancelledError({ source: 'deadline' });
  } catch (error) {
    return error as CancelledError;
  }
}
