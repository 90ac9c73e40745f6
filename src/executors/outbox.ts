/** What goes to one worker: jobs packed into batches, after the functions that it does not know yet. */
import { notCloneable } from '../wire/clone-path.ts';
import { nextSequence } from '../wire/control.ts';
import type { KnownFunction } from './callable.ts';
import type { InFlight } from './in-flight.ts';
import type { Job } from './job.ts';
import { Parcel } from './parcel.ts';
import { firstDeathOf } from './second-chance.ts';
import type { Wire } from './ties.ts';
import type { WorkerHandle } from './worker-handle.ts';

const NOTHING: readonly object[] = [];

export class Outbox {
  readonly #worker: WorkerHandle;
  readonly #flight: InFlight;
  readonly #failed: (job: Job, error: unknown) => void;
  readonly #known = new Set<number>();
  /** For what a running job says to the loop, and the loop to it. */
  readonly #wire: Wire;

  /** `failed` hears of a job that could not be sent. */
  constructor(worker: WorkerHandle, flight: InFlight, failed: (job: Job, error: unknown) => void) {
    this.#worker = worker;
    this.#flight = flight;
    this.#failed = failed;
    this.#wire = {
      post: (message, transfer) => worker.send(message, transfer),
      keepAlive: (on) => {
        if (flight.size === 1) worker.keepAlive(on); // others need the worker anyway
      },
    };
  }

  send(jobs: readonly Job[], at: number): void {
    const parcel = new Parcel();
    for (const job of jobs) {
      job.sent(nextSequence(this.#flight.next, parcel.jobs.length), at, this.#worker.id);
      this.#pack(job, parcel);
    }
    this.#post(parcel);
  }

  #pack(job: Job, parcel: Parcel): void {
    try {
      parcel.add(job);
      this.#introduce(job.fn);
    } catch (error) {
      this.#failed(job, error); // the codec of a registered class failed
    }
  }

  #introduce(fn: KnownFunction): void {
    if (this.#known.has(fn.id)) return;
    this.#known.add(fn.id);
    this.#worker.send({ type: 'define', fn: fn.id, ref: fn.ref, name: fn.name }, NOTHING);
  }

  #post({ jobs, batch, transfer }: Parcel): void {
    if (jobs.length === 0) return;
    this.#flight.add(jobs);
    try {
      this.#worker.send(batch, transfer);
    } catch (error) {
      this.#flight.drop(jobs.length);
      return this.#refused(jobs, error);
    }
    for (const job of jobs) job.ties?.connected(this.#wire);
  }

  /** Nothing was sent, and nothing was transferred. One of the jobs is the cause: the others are sent without it. */
  #refused(jobs: readonly Job[], error: unknown): void {
    if (jobs.length === 1) {
      const [job] = jobs as [Job];
      // What was moved to the first worker of an idempotent job is gone with that worker.
      return this.#failed(job, firstDeathOf(job) ?? notCloneable(job.args, 'args', error));
    }
    for (const job of jobs) {
      const parcel = new Parcel();
      job.sequence = this.#flight.next;
      this.#pack(job, parcel);
      this.#post(parcel);
    }
  }
}
