/**
 * `idempotent: true`: a job whose worker died under it runs once more elsewhere. Once: what kills its worker twice kills it
 * each time. A job that was asked to stop meanwhile is not run again.
 */
import { WorkerDiedError } from '../base/errors.ts';
import type { Job } from './job.ts';

/** How the worker of a job died the first time. Rare, so it is no field of every job. */
const firstDeaths = new WeakMap<Job, WorkerDiedError>();

/** True when the job may run again: it goes back to the head of the line then. */
export function secondChance(job: Job, death: WorkerDiedError): boolean {
  if (job.ties?.extras.credit !== undefined) return false; // a stream: its items would come twice
  if (!job.settings.idempotent || job.settled || job.effective !== null || firstDeaths.has(job)) return false;
  firstDeaths.set(job, death);
  return true;
}

/** The death of its first worker, if it had one. */
export function firstDeathOf(job: Job): WorkerDiedError | undefined {
  return firstDeaths.get(job);
}

/** The error of a job that has had its chance: tells both deaths. */
export function bothDeaths(job: Job, death: WorkerDiedError): WorkerDiedError {
  const first = firstDeaths.get(job);
  if (first === undefined) return death;
  const { job: name, why, exitCode, signalName, cause, stack = '' } = death;
  const message = `${death.message} (it was run again, because it is idempotent; the first time: ${first.message})`;
  // What the last worker threw stays the cause; where it threw nothing, the first death is.
  const both = new WorkerDiedError(message, { job: name, why, exitCode, signalName, cause: cause ?? first, previous: first });
  both.stack = stack.replace(death.message, () => message);
  return both;
}
