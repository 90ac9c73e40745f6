/** The time limits of jobs: how long one may wait for its start, and how long it may run. */
import { realClock } from '../base/clock.ts';
import type { Job } from './job.ts';
import { firstDeathOf } from './second-chance.ts';
import type { Slot } from './slot.ts';

/** Counts from the submission; a job that has started once, and waits for a second worker, is not late. */
function startsBefore(job: Job): number {
  return firstDeathOf(job) === undefined ? job.submittedAt + job.settings.queueTimeout : Infinity;
}

function tooLate(job: Job): void {
  job.expire(`Job ${JSON.stringify(job.name)} did not start within its queueTimeout of ${job.settings.queueTimeout} ms`);
}

/** For a job that waits in line. */
export function limitWait(job: Job): void {
  const limit = startsBefore(job);
  if (limit !== Infinity) job.checkAt(limit, () => tooLate(job));
}

/**
 * For a job that was sent. Its run counts from its start in the worker, which the control block tells: starting the worker and
 * loading the module must not count as running; they count as waiting. `takenBack` hears of a job that is too late and has not begun.
 */
export function limitSent(slot: Slot, job: Job, takenBack: (jobs: readonly Job[]) => void): void {
  const { timeout } = job.settings;
  const before = startsBefore(job);
  if (timeout === Infinity && before === Infinity) return;
  const check = (): void => {
    const now = realClock.now();
    const startedAt = slot.startedAt(job);
    if (startedAt !== null && startedAt + timeout <= now) return tooLong(job);
    if (startedAt === null && before <= now) return notStarted(slot, job, takenBack, check);
    const next = startedAt === null ? Math.min(before, now + timeout) : startedAt + timeout;
    if (next !== Infinity) checkAt(slot, job, next, check);
  };
  checkAt(slot, job, Math.min(before, realClock.now() + timeout), check);
}

function tooLong(job: Job): void {
  job.expire(`Job ${JSON.stringify(job.name)} ran longer than its timeout of ${job.settings.timeout} ms`);
}

function notStarted(slot: Slot, job: Job, takenBack: (jobs: readonly Job[]) => void, check: () => void): void {
  if (slot.revoke(job)) {
    tooLate(job);
    takenBack([job]);
  } else if (slot.startedAt(job) !== null)
    check(); // it has begun this moment
  else if (slot.runs(job)) tooLate(job); // its module is being loaded
}

/**
 * Calls back later, if the job is still there. Messages are heard first: when this loop was blocked, a job may have ended in
 * time although nobody knows it yet, and timers come before messages in a turn of the loop.
 */
export function checkAt(slot: Slot, job: Job, when: number, check: () => void): void {
  const stillThere = (): void => void (slot.holds(job) && !job.settled && check());
  job.checkAt(when, () => void setImmediate(stillThere));
}
