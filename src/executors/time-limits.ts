/** The time limits of jobs: how long one may wait for its start, and how long it may run. */
import { realClock } from '../base/clock.ts';
import type { Job } from './job.ts';
import { firstDeathOf } from './second-chance.ts';
import type { Slot } from './slot.ts';

/** Counts from the submission; a job that has started once, and waits for a second worker, is not late. */
export function limitWait(job: Job): void {
  const { queueTimeout } = job.settings;
  if (queueTimeout === Infinity || firstDeathOf(job) !== undefined) return;
  const text = `Job ${JSON.stringify(job.name)} did not start within its queueTimeout of ${queueTimeout} ms`;
  job.expireAt(job.submittedAt + queueTimeout, text);
}

/** Counts from the job's start in the worker, which the control block tells: starting a worker must not count. */
export function limitRun(slot: Slot, job: Job): void {
  const { timeout } = job.settings;
  if (timeout === Infinity) return;
  const text = `Job ${JSON.stringify(job.name)} ran longer than its timeout of ${timeout} ms`;
  const check = (): void => {
    const startedAt = slot.startedAt(job);
    const left = startedAt === null ? timeout : startedAt + timeout - realClock.now();
    if (left > 0) checkAt(slot, job, realClock.now() + left, check);
    else job.expire(text);
  };
  checkAt(slot, job, realClock.now() + timeout, check);
}

/**
 * Calls back later, if the job is still there. Messages are heard first: when this loop was blocked, a job may have ended in
 * time although nobody knows it yet, and timers come before messages in a turn of the loop.
 */
export function checkAt(slot: Slot, job: Job, when: number, check: () => void): void {
  const stillThere = (): void => void (slot.holds(job) && !job.settled && check());
  job.checkAt(when, () => void setImmediate(stillThere));
}
