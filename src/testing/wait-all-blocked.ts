import { checkDuration, ownOptions } from '../base/validate.ts';
import { here } from '../core/scope.ts';
import { Waiter } from '../core/waiter.ts';
import { unwatch, watch } from './idle.ts';
import type { IdleEntry } from './idle.ts';

class BlockedWaiter extends Waiter<void, void> implements IdleEntry {
  readonly cushion: number;
  readonly rank = 0; // before a virtual clock jumps
  readonly patience = Infinity;

  constructor(cushion: number) {
    super(undefined);
    this.cushion = cushion;
  }

  override get waitingOn(): string {
    return 'waitAllTasksBlocked';
  }

  held(): boolean {
    return false;
  }

  idle(): void {
    unwatch(this);
    this.grant(undefined);
  }

  override onCancel(reason: Parameters<Waiter['onCancel']>[0]): void {
    unwatch(this);
    super.onCancel(reason);
  }
}

/**
 * Waits until every other task is blocked: nothing ran for a few turns of the loop, and for `cushion` real milliseconds.
 * The steps of a test can then be put in order without a guess at how many turns something takes. A task that waits for I/O,
 * for a job or for a clock is blocked.
 *
 * - Waits for: an idle loop; a virtual clock does not jump before. The smallest cushion goes first.
 * - On cancel: throws at once.
 * - Throws: CancelledError.
 */
export async function waitAllTasksBlocked(options?: { cushion?: number }): Promise<void> {
  const o = ownOptions<{ cushion?: number }>('options', options, ['cushion']);
  if (o.cushion !== undefined) checkDuration('options.cushion', o.cushion);
  const scope = here();
  if (scope.effective !== null) throw scope.interrupt();
  const waiter = new BlockedWaiter(o.cushion ?? 0);
  const promise = new Promise<void>((resolve, reject) => {
    waiter.resolve = resolve;
    waiter.reject = reject;
  });
  scope.link(waiter);
  watch(waiter);
  return promise;
}
