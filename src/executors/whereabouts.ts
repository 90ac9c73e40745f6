/**
 * Where the worker of an overdue job was: asked when its time is up, and before the worker is killed for it. Only a lag monitor
 * can tell, and only of threads; without one nobody is asked.
 */
import type { CancelledError, TimeoutError } from '../base/errors.ts';
import type { StackFrame } from '../base/slow-report.ts';
import type { Whereabouts } from '../base/whereabouts.ts';
import type { Job } from './job.ts';

/** Rare, so it is no field of every job. */
const seen = new WeakMap<Job, readonly StackFrame[]>();
const asked = new WeakMap<Job, Promise<void>>();

/** Notes where the worker is that runs this job. null: nobody can tell, or it is known; else resolves when somebody has told, or will not. */
export function lookFor(job: Job, where: () => Promise<Whereabouts> | null): Promise<void> | null {
  if (seen.has(job)) return null;
  const before = asked.get(job);
  if (before !== undefined) return before;
  const answer = where();
  if (answer === null) return null;
  const noted = answer
    .then((frames) => void (frames !== null && frames.length > 0 && seen.set(job, frames)))
    .catch(() => {})
    .finally(() => asked.delete(job)); // one that gave no answer is asked once more before it is killed
  asked.set(job, noted);
  return noted;
}

/** For the end of a message: `; its worker was at /app/hash.ts:12:5 crunch`. */
export function placeOf(job: Job): string {
  const [frame] = seen.get(job) ?? [];
  return frame === undefined ? '' : `; its worker was at ${frame.file}:${frame.line}:${frame.column} ${frame.fn}`;
}

/** Several jobs may be stopped by one error: the first of them that had to be looked for stands in it. */
export function addStack<E extends CancelledError | TimeoutError>(error: E, job: Job): E {
  const stack = seen.get(job);
  if (stack !== undefined && error.workerStack === undefined)
    Object.defineProperty(error, 'workerStack', { value: stack, enumerable: true });
  return error;
}
