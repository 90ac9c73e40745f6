/** Jobs packed for one message to a worker. */
import type { Batch, JobExtras } from '../wire/protocol.ts';
import { collectTransfer, encodeValues } from '../wire/transfer.ts';
import type { Job } from './job.ts';

export class Parcel {
  readonly jobs: Job[] = [];
  readonly batch: Batch[number][] = [];
  readonly transfer: object[] = [];

  /** Throws, and packs nothing, when the codec of a registered class fails. */
  add(job: Job): void {
    const { values, replaced } = encodeValues(job.args);
    for (const moved of collectTransfer(values) as readonly object[]) this.transfer.push(moved);
    this.batch.push(job.fn.id, job.id, values, extrasOf(job, replaced));
    this.jobs.push(job);
  }
}

function extrasOf(job: Job, encoded: boolean): JobExtras | null {
  const { timeout, name } = job.settings;
  if (!encoded && timeout === Infinity && name === undefined) return null;
  return {
    ...(name === undefined ? {} : { name }),
    ...(encoded ? { encoded: true as const } : {}),
    ...(timeout === Infinity ? {} : { timeout }),
  };
}
