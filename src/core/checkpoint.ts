import { here } from './scope.ts';

import { Waiter } from './waiter.ts';

/** A wait for the next loop turn that a cancel ends at once. */
class TurnWaiter extends Waiter<void, void> {
  override get waitingOn(): string {
    return 'the next turn of the loop';
  }

  readonly go = (): void => {
    if (this.holder !== null) this.grant(undefined);
  };
}

/**
 * Lets the loop go round once, and throws if the ambient scope is cancelled.
 *
 * - Waits for: one turn of the event loop, so that other ready tasks, timers and I/O run.
 * - On cancel: throws at once.
 * - Order: callers resume in the order in which they called.
 * - Throws: CancelledError.
 */
export function checkpoint(): Promise<void> {
  const scope = here();
  if (scope.effective !== null) return Promise.reject(scope.interrupt());
  const waiter = new TurnWaiter(undefined);
  const promise = new Promise<void>((resolve, reject) => {
    waiter.resolve = resolve;
    waiter.reject = reject;
  });
  scope.link(waiter);
  setImmediate(waiter.go);
  return promise;
}

/**
 * The synchronous cancel point, for loops that do not await.
 *
 * - Waits for: nothing.
 * - Throws: CancelledError when the ambient scope is cancelled.
 */
export function throwIfCancelled(): void {
  const scope = here();
  if (scope.effective !== null) throw scope.interrupt();
}
