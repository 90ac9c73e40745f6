/** From what a worker answered to the end of a job. */
import { WorkerDiedError } from '../base/errors.ts';
import { RemoteRefusedError } from '../base/remote-errors.ts';
import type { Encoded } from '../wire/error-codec.ts';
import { decodeThrown } from '../wire/error-codec.ts';
import type { Job, JobOutcome } from './job.ts';
import { unpack } from './parcel.ts';
import type { RemoteSettings } from './remote-options.ts';
import { EXPIRED, STOPPED, UNBEGUN } from './remote-protocol.ts';
import type { Outcome } from './remote-protocol.ts';

/** Ends the job. False when it had ended before. */
export function endWith(job: Job, outcome: Outcome): boolean {
  if (job.settled) return false;
  const { kind, payload } = outcome;
  if (kind === UNBEGUN || kind === EXPIRED) {
    if (job.effective === null) job.expire(kind === UNBEGUN ? notStarted(job) : ranTooLong(job));
    return job.endCancelled();
  }
  // What it still threw although it was cancelled is told, too, as by every executor.
  if (kind === STOPPED) return job.end({ ok: false, error: decodeThrown(payload as Encoded, job.callSite) });
  return job.end(unpack(job, kind, payload));
}

export function notStarted(job: Job): string {
  return `Job ${JSON.stringify(job.name)} did not start within its queueTimeout of ${job.settings.queueTimeout} ms`;
}

export function ranTooLong(job: Job): string {
  return `Job ${JSON.stringify(job.name)} ran longer than its timeout of ${job.settings.timeout} ms`;
}

/** Why BullMQ calls a job failed: functions that throw are no reason, their errors are results. */
export function failureOf(job: Job, reason: string): JobOutcome {
  const name = JSON.stringify(job.name);
  const error = /stalled more than/.test(reason)
    ? new WorkerDiedError(`Job ${name} was given up: each worker that ran it died, or was frozen, and did not finish it`, {
        job: job.name,
        why: 'exit',
      })
    : new RemoteRefusedError(`Job ${name} was refused by a worker: ${reason}`);
  return { ok: false, error };
}

export function describeOutage({ maxOutage }: RemoteSettings, shown: string): string {
  return `the server ${shown} has been out of reach, or has taken no jobs, for more than maxOutage (${maxOutage} ms)`;
}
