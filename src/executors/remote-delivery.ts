/** One shipment in the hands of a worker: its jobs in the local threads, and what becomes of them. */
import { CancelledError, TimeoutError } from '../base/errors.ts';
import { notCloneable } from '../wire/clone-path.ts';
import { decodeThrown, encodeThrown } from '../wire/error-codec.ts';
import type { Encoded } from '../wire/error-codec.ts';
import { ERROR } from '../wire/protocol.ts';
import type { SubmitOptions } from './executor.ts';
import type { MakeJob } from './job.ts';
import { RelayJob } from './relay-job.ts';
import type { RemoteJob, Outcome, Shipment } from './remote-protocol.ts';
import { EXPIRED, STOPPED, UNBEGUN } from './remote-protocol.ts';

type Fn = (...args: never[]) => unknown;

/** Where the jobs run. */
export interface LocalPool {
  submitFrom(below: Fn, fn: Fn, args: readonly unknown[], options: SubmitOptions, make: MakeJob): unknown;
}

export interface DeliveryListener {
  progress(job: number, value: unknown): void;
  items(job: number, items: readonly unknown[], encoded: boolean): void;
}

export class Delivery {
  readonly id: string;
  readonly attempt: number;
  readonly shipment: Shipment;
  startedAt = 0;
  readonly #jobs: (RelayJob | null)[] = [];
  readonly #granted: number[] = [];
  readonly #told = new Set<number>();
  readonly #toldStarted = new Set<number>();
  #left = 0;
  #given = false;
  #resolve: (finished: boolean) => void = () => {};

  constructor(id: string, attempt: number, shipment: Shipment) {
    this.id = id;
    this.attempt = attempt;
    this.shipment = shipment;
  }

  /** Resolves when all have ended: true; false when they were given up before. `skip` tells which are not to begin. */
  run(pool: LocalPool, fn: Fn, now: number, skip: (job: number) => boolean, listener: DeliveryListener): Promise<boolean> {
    this.startedAt = now;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#left = 1; // until all have been submitted
      this.shipment.jobs.forEach((job, i) => {
        this.#granted[i] = job.credit;
        this.#jobs[i] = skip(i) || now > job.startBy ? null : this.#submit(pool, fn, job, i, listener);
      });
      this.#ended();
    });
  }

  #submit(pool: LocalPool, fn: Fn, job: RemoteJob, i: number, listener: DeliveryListener): RelayJob {
    this.#left++;
    const { encoded, context, credit, name, onCancel, grace, timeout } = job;
    const relay = { encoded, context, credit, items: (items: readonly unknown[], coded: boolean) => listener.items(i, items, coded) };
    let made!: RelayJob;
    const make: MakeJob = (init) => (made = new RelayJob(relay, init));
    const onProgress = job.progress ? { onProgress: (value: unknown) => listener.progress(i, value) } : {};
    // oxlint-disable-next-line typescript/unbound-method -- it is not called: stacks end at its caller
    pool.submitFrom(this.run, fn, job.args, { name, onCancel, grace, timeout, ...onProgress }, make);
    // A microtask later the pool has noted how long it ran.
    made.onSettled(() => queueMicrotask(() => this.#ended()));
    return made;
  }

  #ended(): void {
    if (--this.#left === 0) this.#resolve(true);
  }

  cancel(job: number, reason: CancelledError): void {
    this.#jobs[job]?.cancelWith(reason);
  }

  /** `total` since the stream began: a message that is said twice, or lost, does no harm. */
  credit(job: number, total: number): void {
    const before = this.#granted[job];
    if (before === undefined || total <= before) return;
    this.#granted[job] = total;
    this.#jobs[job]?.grant(total - before);
  }

  close(job: number): void {
    this.#jobs[job]?.close();
  }

  /** Somebody else will run them, or does so already. */
  giveUp(reason: CancelledError): void {
    this.#given = true;
    for (const job of this.#jobs) job?.cancelWith(reason);
    this.#resolve(false);
  }

  get given(): boolean {
    return this.#given;
  }

  /** Which of them have been sent to a thread since the last call. */
  started(): number[] {
    const started = this.#jobs.flatMap((job, i) => (job !== null && job.sentAt > 0 && !this.#toldStarted.has(i) ? [i] : []));
    for (const i of started) this.#toldStarted.add(i);
    return started;
  }

  /** Some have neither been told of by `started` nor ended. */
  get awaitsStarts(): boolean {
    return this.#jobs.length === 0 || this.#jobs.some((job, i) => job !== null && !job.settled && !this.#toldStarted.has(i));
  }

  /** What has ended since the last call, in its place; null when nothing has. */
  news(): (Outcome | null)[] | null {
    let any = false;
    const outcomes = this.#jobs.map((job, i) => {
      if (job?.settled !== true || this.#told.has(i)) return null;
      any = true;
      this.#told.add(i);
      return outcomeOf(job);
    });
    return any ? outcomes : null;
  }

  outcomes(): Outcome[] {
    return this.#jobs.map((job) => (job === null ? { kind: UNBEGUN, ms: 0, payload: null } : outcomeOf(job)));
  }
}

function outcomeOf(job: RelayJob): Outcome {
  const { effective, ranFor: ms } = job;
  if (effective === null) return { ms, ...job.outcome() };
  const error = job.error(); // ours to tell
  const kind = error instanceof TimeoutError ? EXPIRED : STOPPED;
  return { kind, ms, payload: job.thrown ?? encodeThrown(effective) };
}

/** In place of an outcome that cannot be sent: a thread may return what a network cannot carry. */
export function unsendable(outcome: Outcome, cause: unknown): Outcome {
  return { kind: ERROR, ms: outcome.ms, payload: encodeThrown(notCloneable(outcome.payload, 'result', cause)) };
}

export function allFailed(shipment: Shipment, error: unknown): Outcome[] {
  return shipment.jobs.map(() => ({ kind: ERROR, ms: 0, payload: encodeThrown(error) }));
}

/** What the submitter said of a cancellation. */
export function reasonOf(encoded: Encoded): CancelledError {
  const reason = decodeThrown(encoded);
  return reason instanceof CancelledError ? reason : new CancelledError();
}
