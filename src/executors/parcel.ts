/** Jobs packed for one message to a worker, and what came of them unpacked. */
import { decodeThrown } from '../wire/error-codec.ts';
import type { Encoded } from '../wire/error-codec.ts';
import { CODED_VALUE, ERROR, VALUE } from '../wire/protocol.ts';
import type { Batch, JobExtras } from '../wire/protocol.ts';
import { collectTransfer, decodeValues, encodeValues } from '../wire/transfer.ts';
import { loadFailed } from './blame.ts';
import type { Job, JobOutcome } from './job.ts';
import { rawOutcome } from './relay-job.ts';

export class Parcel {
  readonly jobs: Job[] = [];
  readonly batch: Batch[number][] = [];
  readonly transfer: object[] = [];

  /** Throws, and packs nothing, when the codec of a registered class fails. */
  add(job: Job): void {
    const { values, replaced } = job.relays ? { values: job.args, replaced: false } : encodeValues(job.args); // they came encoded
    for (const moved of collectTransfer(values) as readonly object[]) this.transfer.push(moved);
    this.batch.push(job.fn.id, job.id, values, extrasOf(job, replaced));
    this.jobs.push(job);
  }
}

function extrasOf(job: Job, encoded: boolean): JobExtras | null {
  const { timeout, name } = job.settings;
  if (!encoded && timeout === Infinity && name === undefined && job.ties === null) return null;
  return {
    ...job.ties?.extras,
    ...(name === undefined ? {} : { name }),
    ...(encoded ? { encoded: true as const } : {}),
    ...(timeout === Infinity ? {} : { timeout }),
  };
}

/** What a worker posted of a job. */
export function unpack(job: Job, kind: number, payload: unknown): JobOutcome {
  if (job.relays) {
    const raw = rawOutcome(kind, payload);
    if (raw !== null) return raw;
  }
  if (kind === VALUE) return { ok: true, value: payload };
  if (kind === CODED_VALUE) return decodeValue(payload);
  const error = decodeThrown(payload as Encoded, job.callSite);
  return { ok: false, error: kind === ERROR ? error : loadFailed(job, error) };
}

function decodeValue(payload: unknown): JobOutcome {
  try {
    return { ok: true, value: decodeValues([payload])[0] };
  } catch (error) {
    return { ok: false, error }; // its class is not registered here, or has a codec that fails
  }
}
