/** Calls into code that knows nothing of scopes: platform APIs with an AbortSignal, and bare promises. */
import { isCancelled } from '../base/errors.ts';
import type { CancelledError } from '../base/errors.ts';
import { checkFunction, wrongType } from '../base/validate.ts';
import { here, ScopeMember } from './scope.ts';
import { isThenable } from './thenable.ts';
import { Waiter } from './waiter.ts';

/** One controller per call: nothing stays behind on a long-lived signal. */
class SignalLease extends ScopeMember {
  readonly controller: AbortController = new AbortController();

  override get waitingOn(): string {
    return 'withSignal';
  }

  override onCancel(error: CancelledError): void {
    this.controller.abort(error);
  }
}

/**
 * Gives `op` an AbortSignal of its own that is aborted when the ambient scope is cancelled (fetch, fs, timers, child processes).
 *
 * - Waits for: `op`, also after the abort: the platform call cleans up first.
 * - On cancel: the signal is aborted; the AbortError that follows comes out as the CancelledError.
 * - Order: signals of one scope are aborted in the order of the calls.
 * - Throws: CancelledError; what `op` throws.
 */
export async function withSignal<T>(op: (signal: AbortSignal) => PromiseLike<T>): Promise<T> {
  checkFunction('op', op);
  const scope = here();
  if (scope.effective !== null) throw scope.interrupt();
  const lease = new SignalLease();
  scope.link(lease);
  scope.runtime.external++;
  try {
    return await op(lease.controller.signal);
  } catch (error) {
    throw ourAbort(error, lease.controller.signal) ?? error;
  } finally {
    scope.runtime.external--;
    lease.holder?.unlink(lease);
  }
}

function ourAbort(error: unknown, signal: AbortSignal): CancelledError | null {
  if (!signal.aborted) return null;
  const aborted = isCancelled(error) || (error instanceof Error && error.name === 'AbortError');
  return aborted ? (signal.reason as CancelledError) : null;
}

/**
 * Waits for a promise that cannot be cancelled, but stops waiting when the ambient scope is cancelled. The operation behind
 * the promise goes on; its later error is swallowed, because nobody waits for it any more. (A virtual clock does not take it for
 * work outside the loop, because often another task settles it; `withSignal` says that it is.)
 *
 * - Waits for: the promise.
 * - On cancel: throws at once.
 * - Order: as the promise calls those back who wait for it.
 * - Throws: CancelledError; what the promise rejects with.
 */
export function abortable<T>(foreign: PromiseLike<T>): Promise<T> {
  if (!isThenable(foreign)) return Promise.reject(wrongType('foreign', 'a promise', foreign));
  const promise = Promise.resolve(foreign); // also tames a thenable that throws or settles twice
  const scope = here();
  if (scope.effective !== null) {
    promise.catch(() => {});
    return Promise.reject(scope.interrupt());
  }
  const waiter = new Waiter<T, void>(undefined);
  const wait = new Promise<T>((resolve, reject) => {
    waiter.resolve = resolve;
    waiter.reject = reject;
  });
  scope.link(waiter);
  promise.then(
    (value) => waiter.grant(value),
    (error: unknown) => waiter.refuse(error),
  );
  return wait;
}
