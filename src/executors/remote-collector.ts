/** Jobs between their submission and their shipment: for as long as the code runs that submits them, or for a turn of the loop in a crowd. */
import type { Job } from './job.ts';
import type { RemoteBatching } from './remote-batching.ts';
import type { Packed, Packer } from './remote-packer.ts';

export interface CollectorHost {
  /** So many jobs are out that a turn of the loop does not matter. */
  crowded(): boolean;
  packed(packed: Packed): void;
  /** It goes nowhere; `end` ends it. */
  ended(job: Job, end: () => boolean): void;
}

export class Collector {
  readonly #batching: RemoteBatching;
  readonly #packer: Pick<Packer, 'pack'>;
  readonly #host: CollectorHost;
  #jobs: Job[] = [];

  constructor(batching: RemoteBatching, packer: Pick<Packer, 'pack'>, host: CollectorHost) {
    this.#batching = batching;
    this.#packer = packer;
    this.#host = host;
  }

  get size(): number {
    return this.#jobs.length;
  }

  add(job: Job): void {
    job.phase = 'queued';
    if (this.#jobs.push(job) > 1) return;
    if (this.#host.crowded()) setImmediate(this.flush);
    else queueMicrotask(this.flush);
  }

  /** It may have been sent long ago. */
  cancelled(job: Job): void {
    const at = this.#jobs.indexOf(job);
    if (at === -1) return;
    this.#jobs.splice(at, 1);
    this.#host.ended(job, () => job.endCancelled());
  }

  readonly flush = (): void => {
    const jobs = this.#jobs;
    this.#jobs = [];
    if (jobs.length > 0) for (const group of this.#batching.split(jobs)) this.#pack(group);
  };

  /** One that cannot travel must not cost the others their place. */
  #pack(jobs: readonly Job[]): void {
    let packed: Packed;
    try {
      packed = this.#packer.pack(jobs);
    } catch (error) {
      if (jobs.length > 1) for (const job of jobs) this.#pack([job]);
      else for (const job of jobs) this.#host.ended(job, () => job.end({ ok: false, error }));
      return;
    }
    this.#host.packed(packed);
  }
}
