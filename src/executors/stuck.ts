/**
 * A pool that waits for itself: every worker runs a job that waits for a callback, and each of these waits for a job that waits
 * for a worker. Nothing would ever happen again, so the job that closes the circle is refused.
 */
import { InvalidStateError } from '../base/errors.ts';
import type { Scope } from '../core/scope.ts';
import { callAround } from './callback.ts';
import type { CallScope } from './callback.ts';
import type { Job } from './job.ts';

/** Whether the job was submitted by a callback that is under way. */
export function isFromCallback(job: Job): boolean {
  return callAround(job.parent) !== null;
}

/** `running` are the jobs of each worker, `waiting` those in the line. Who calls back may wait for anything else as well: see `isFromCallback`. */
export function isStuck(running: Iterable<readonly Job[]>, waiting: () => readonly Job[]): boolean {
  const lists = [...running];
  if (!lists.every((jobs) => jobs.some(({ callbacks }) => callbacks !== null && callbacks.pending.size > 0))) return false;
  const blocked = new Set<CallScope>();
  for (const job of waiting()) for (const call of callsAround(job.parent)) blocked.add(call);
  return lists.every((jobs) =>
    jobs.some(({ callbacks }) => callbacks !== null && [...callbacks.pending].some((call) => blocked.has(call))),
  );
}

function* callsAround(scope: Scope | null): Generator<CallScope> {
  for (let call = callAround(scope); call !== null; call = callAround(call.parent)) yield call;
}

export function stuckError(pool: string, max: number, job: Job): InvalidStateError {
  const workers = max === 1 ? 'its only worker runs a job that waits' : `all its ${max} workers run jobs that wait`;
  return new InvalidStateError(
    `${pool} would wait for itself for ever: ${workers} for a callback, and job ${JSON.stringify(job.name)} was submitted inside such a callback. ` +
      'Submit it to another executor, or let the worker call the function itself: inside a worker it runs in place',
  );
}
