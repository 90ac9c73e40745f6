/**
 * Jobs on this very loop, one after the other: for tests, for debuggers that follow no threads, and where there may be no
 * workers. Code behaves as with workers wherever it can: arguments and results are copied or moved, inline functions see
 * nothing of their surroundings, errors go through the codec, jobs wait in line and have a `currentJob()`.
 *
 * What it cannot do: a job that blocks blocks this loop, `process.exit()` and errors that nobody catches are this program's
 * own, and no job can be killed. One that does not end within its grace is left behind, and what it still does is ignored.
 */
import { AsyncResource } from 'node:async_hooks';
import { here } from '../core/scope.ts';
import type { Task } from '../core/task.ts';
import type { SubmitOptions } from './executor.ts';
import type { MakeJob } from './job.ts';
import { isInsideJob, localOf, runInPlace } from './in-place.ts';
import { InlineWorker } from './inline-worker.ts';
import { resolvePoolOptions } from './options.ts';
import { PoolExecutor } from './pool-executor.ts';

type Fn = (...args: never[]) => unknown;

/** Runs jobs on this loop, one after the other: for tests and debuggers. A job that blocks blocks this loop. */
export class InlineExecutor extends PoolExecutor {
  constructor() {
    const settings = { ...resolvePoolOptions({ max: 1 }, 'InlineExecutor'), idleTimeout: Infinity };
    const { runtime } = here();
    const context = new AsyncResource('offloop.InlineExecutor'); // jobs must not see the surroundings of whoever came before them
    super('inline', settings, (listener) => new InlineWorker(runtime, context, listener));
  }

  /** @internal */
  override submitFrom(below: Fn, fn: Fn, args: readonly unknown[], options?: SubmitOptions, make?: MakeJob): Task<unknown> {
    if (isInsideJob()) return runInPlace(localOf(fn), args, options);
    const job = super.submitFrom(below, fn, args, options, make);
    // A job that sleeps on a virtual clock is no work outside the loop: the clock may jump.
    const { runtime } = here();
    if (!job.settled) {
      runtime.external--;
      job.onSettled(() => void runtime.external++);
    }
    return job;
  }
}
