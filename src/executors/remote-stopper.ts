/**
 * Takes jobs back, and stops those that cannot be taken back. A job that waits in the queue is removed; one that a worker has is
 * told to it over the control channel, with a tombstone on the server for whoever did not listen just then.
 */
import { realClock } from '../base/clock.ts';
import type { CancelledError } from '../base/errors.ts';
import { encodeThrown } from '../wire/error-codec.ts';
import type { Job } from './job.ts';
import type { Consignment } from './remote-consignment.ts';
import type { RemoteLink } from './remote-link.ts';
import { notStarted } from './remote-settle.ts';

/** Milliseconds before a server is asked again. */
const AGAIN = 250;

/** Where a job is: in which shipment, and its number there. */
export interface Place {
  readonly shipment: Consignment;
  readonly at: number;
}

export interface StopperHost {
  placeOf(job: Job): Place | undefined;
  /** It was cancelled, and runs nowhere, or nobody waits for it. */
  ended(job: Job): void;
  /** The server could not be told. */
  failed(error: unknown): void;
}

export class Stopper {
  readonly #link: Pick<RemoteLink, 'remove' | 'cancel' | 'isTaken' | 'ready'>;
  readonly #host: StopperHost;

  constructor(link: Pick<RemoteLink, 'remove' | 'cancel' | 'isTaken' | 'ready'>, host: StopperHost) {
    this.#link = link;
    this.#host = host;
  }

  /** May be called again and again, until the job has ended. */
  async stop(job: Job): Promise<void> {
    const place = this.#host.placeOf(job);
    if (place === undefined || job.effective === null) return;
    const { shipment, at } = place;
    if (shipment.phase === 'packed') return this.#host.ended(job);
    if (shipment.phase !== 'accepted') return; // again when it is
    try {
      if (shipment.jobs.length === 1 && (await this.#link.remove(shipment.id))) return this.#host.ended(job);
      shipment.marked = true;
      await this.#link.cancel({ t: 'cancel', id: shipment.id, job: at, reason: encodeThrown(job.effective) });
      // The tombstone stands: a worker that takes the shipment from now on does not begin the job.
      const begun = shipment.jobs.length === 1 || (await this.#link.isTaken(shipment.id));
      if (!begun || job.settings.onCancel === 'abandon') this.#host.ended(job);
    } catch (error) {
      this.#host.failed(error);
    }
  }

  /** Nobody waits any more for those of its jobs that have not ended: they must not wait, or run, for ever. Never rejects. */
  async dismiss(shipment: Consignment, reason: CancelledError): Promise<void> {
    if (shipment.phase === 'packed' || !this.#link.ready) return;
    const open = shipment.jobs.flatMap((job, at) => (job.settled ? [] : [at]));
    const encoded = encodeThrown(reason);
    try {
      // Commands keep their order: what is still being sent is there when this comes.
      if (await this.#link.remove(shipment.id)) return;
      for (const at of open) await this.#link.cancel({ t: 'cancel', id: shipment.id, job: at, reason: encoded });
    } catch {
      // Whoever takes the shipment runs it: at least once is all that was promised.
    }
  }

  /** False when a worker has it, or the server cannot be asked. */
  async takeBack(shipment: Consignment): Promise<boolean> {
    try {
      return await this.#link.remove(shipment.id);
    } catch (error) {
      this.#host.failed(error);
      return false;
    }
  }

  /** Counts from the submission. Whether it has begun is known to the queue alone. */
  limitWait(job: Job, shipment: Consignment): void {
    const check = async (): Promise<void> => {
      if (job.settled || job.effective !== null || shipment.running > 0) return;
      const waits = shipment.phase === 'packed' || (shipment.phase === 'accepted' && (await this.takeBack(shipment)));
      if (job.settled) return;
      if (waits) {
        job.expire(notStarted(job));
        this.#host.ended(job);
      } else if (shipment.phase === 'sending' || !this.#link.ready) job.checkAt(realClock.now() + AGAIN, () => void check());
    };
    job.checkAt(job.submittedAt + job.settings.queueTimeout, () => void check());
  }
}
