/** What a remote worker does with a shipment, from the queue to its result. Everything in it may have been written by a stranger. */
import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import { CancelledError } from '../base/errors.ts';
import { RemoteRefusedError } from '../base/remote-errors.ts';
import { serialize } from 'node:v8';
import type { Answers } from './remote-answers.ts';
import type { Catalogue, KnownRemote } from './remote-catalogue.ts';
import type { ServerClock } from './remote-clock.ts';
import { allFailed, Delivery, reasonOf, unsendable } from './remote-delivery.ts';
import type { LocalPool } from './remote-delivery.ts';
import { jobPurpose, messagePurpose, resultPurpose } from './remote-payload.ts';
import type { Payloads } from './remote-payload.ts';
import type { Control, Outcome, Result, Shipment } from './remote-protocol.ts';
import { checkFingerprint } from './registry.ts';
import { checkShipment } from './remote-shape.ts';
import type { StreamWriter } from './remote-stream-writer.ts';
import { Tombstones } from './remote-tombstones.ts';

/** Milliseconds before a shipment that this worker does not know is offered again, to it or to another. */
const HAND_ON = 500;
/** Milliseconds between two looks at which jobs have begun, for their submitter; most are over by the first. */
const TELL_STARTED = 20;
/** Milliseconds between two looks at what is over in a shipment of several. */
const TELL_PART = 50;

/** A job as BullMQ hands it out. */
export interface QueuedJob {
  readonly id?: string | undefined;
  readonly name: string;
  readonly data: unknown;
  readonly attemptsStarted: number;
  readonly token?: string | undefined;
  /** Why it is given up, although it is handed out once more. */
  readonly deferredFailure?: string | undefined;
  moveToWait(token?: string): Promise<unknown>;
  moveToDelayed(at: number, token?: string): Promise<void>;
}

export interface RunnerParts {
  readonly threads: LocalPool;
  readonly catalogue: Catalogue;
  readonly payloads: Payloads;
  readonly clock: ServerClock;
  readonly answers: Answers;
  readonly streams: StreamWriter;
  /** The numbers of the cancelled jobs of a shipment, from the server. */
  readonly askTombstones: (shipment: string) => Promise<number[]>;
  readonly log: (line: string) => void;
}

export class Runner {
  readonly tombstones: Tombstones = new Tombstones();
  readonly #parts: RunnerParts;
  readonly #deliveries = new Map<string, Delivery>();
  readonly #from = new WeakMap<QueuedJob, string>();
  readonly #begun = new WeakMap<QueuedJob, Promise<string>>();
  readonly #told = new WeakMap<QueuedJob, Promise<boolean>>();
  readonly #idle: (() => void)[] = [];
  #busy = 0;
  #draining = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** Shipments that it has. */
  get busy(): number {
    return this.#busy;
  }

  /** BullMQ has it, and asks the server for more before it calls `process`: time in which the job can run. */
  fetched(job: QueuedJob): void {
    if (job.deferredFailure === undefined) void this.#begin(job); // otherwise it is to fail, and not to run
  }

  #begin(job: QueuedJob): Promise<string> {
    this.#busy++;
    const begun = this.#process(job, job.token);
    begun.catch(() => {}); // `process` tells
    this.#begun.set(job, begun);
    return begun;
  }

  /** For BullMQ's worker: resolves with what is to be kept as the result. */
  async process(job: QueuedJob): Promise<string> {
    const begun = this.#begun.get(job) ?? this.#begin(job);
    try {
      const result = await begun;
      const told = this.#parts.answers.resultFollows(this.#from.get(job) as string, job.id as string);
      if (told !== null) this.#told.set(job, told);
      return result;
    } finally {
      this.#busy--;
      if (this.#busy === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  async #process(job: QueuedJob, token: string | undefined): Promise<string> {
    if (this.#draining) return this.#handBack(job, token);
    const shipment = await this.#open(job);
    this.#from.set(job, shipment.from);
    const known = this.#parts.catalogue.get(job.name);
    if (known === undefined) return this.#unknown(job, shipment, token);
    const refused = mismatch(known, shipment);
    if (refused !== null) return this.#pack(job, { startedAt: 0, outcomes: allFailed(shipment, refused) });
    return this.#run(job, shipment, known, token);
  }

  async #open(job: QueuedJob): Promise<Shipment> {
    const purpose = jobPurpose(String(job.id), job.name);
    try {
      return checkShipment(purpose, await this.#parts.payloads.unpack(purpose, job.data));
    } catch (error) {
      if (!(error instanceof RemoteRefusedError)) throw error;
      this.#parts.log(oneLine(error.message));
      throw new UnrecoverableError(oneLine(error.message));
    }
  }

  /** Another worker may know it: a deploy is under way. After a while nobody does. */
  async #unknown(job: QueuedJob, shipment: Shipment, token: string | undefined): Promise<string> {
    const left = shipment.at + shipment.patience - this.#parts.clock.now();
    if (left <= 0) {
      const outcomes = allFailed(shipment, this.#parts.catalogue.unknown(job.name));
      return this.#pack(job, { startedAt: 0, outcomes });
    }
    await job.moveToDelayed(Date.now() + Math.min(left + 1, HAND_ON), token);
    throw new DelayedError();
  }

  async #run(job: QueuedJob, shipment: Shipment, known: KnownRemote, token: string | undefined): Promise<string> {
    const id = job.id as string;
    const delivery = new Delivery(id, job.attemptsStarted, shipment);
    this.#deliveries.set(id, delivery); // from here on a cancellation finds it
    // One may begin when another has ended. When all have, a long job wakes this loop no more.
    const told = setInterval(() => {
      this.#tellStarted(delivery);
      if (!delivery.awaitsStarts) clearInterval(told);
    }, TELL_STARTED);
    const parts = shipment.jobs.length === 1 ? undefined : setInterval(() => this.#tellPart(delivery), TELL_PART);
    try {
      const cancelled = await this.#cancelledBefore(delivery);
      const skip = (i: number): boolean => cancelled.has(i) || this.tombstones.of(id)?.has(i) === true;
      const { threads, clock, streams } = this.#parts;
      const finished = await delivery.run(threads, known.fn, clock.now(), skip, {
        progress: (i, value) => this.#progress(delivery, i, value),
        items: (i, items, encoded) => streams.write(delivery, i, { items, encoded }),
      });
      if (!finished) return await this.#handBack(job, token);
      await streams.finish(delivery);
      return await this.#pack(job, { startedAt: delivery.startedAt, outcomes: delivery.outcomes() });
    } finally {
      clearInterval(told);
      clearInterval(parts);
      this.#deliveries.delete(id);
    }
  }

  async #cancelledBefore({ id, attempt, shipment }: Delivery): Promise<ReadonlySet<number>> {
    // With several jobs the submitter does not wait to hear that one of them was not begun.
    if (shipment.jobs.length === 1 && !this.tombstones.mustAsk(shipment.at, attempt)) return new Set();
    return new Set(await this.#parts.askTombstones(id));
  }

  /** To the head of the line, for other workers. It costs no attempt. When the lock is lost, somebody else has it already. */
  async #handBack(job: QueuedJob, token: string | undefined): Promise<never> {
    await job.moveToWait(token);
    throw new WaitingError();
  }

  #tellStarted(delivery: Delivery): void {
    const { id, attempt, shipment } = delivery;
    for (const job of delivery.started()) this.#parts.answers.push(shipment.from, { t: 'started', id, attempt, job });
  }

  /** The results so far of a shipment in which something takes long: they must not wait for it. */
  #tellPart(delivery: Delivery): void {
    const { id, attempt, shipment, startedAt } = delivery;
    const outcomes = delivery.news();
    if (outcomes === null) return;
    const tell = (sealed: string): void => this.#parts.answers.push(shipment.from, { t: 'part', id, attempt, sealed });
    try {
      const text = this.#parts.payloads.pack(messagePurpose(id), { startedAt, outcomes });
      if (typeof text === 'string') tell(text);
      else void text.then(tell, () => {}); // they come with the rest
    } catch {
      // One of them cannot be sent; that is told with the rest.
    }
  }

  #progress({ id, attempt, shipment }: Delivery, job: number, value: unknown): void {
    const text = this.#parts.payloads.pack(messagePurpose(id), value);
    const tell = (sealed: string): void => this.#parts.answers.push(shipment.from, { t: 'progress', id, attempt, job, sealed });
    if (typeof text === 'string') tell(text);
    else void text.then(tell, (error: unknown) => this.#parts.log(`progress of a job could not be told: ${(error as Error).message}`));
  }

  #pack(job: QueuedJob, result: Result): string | Promise<string> {
    const purpose = resultPurpose(String(job.id));
    try {
      return this.#parts.payloads.pack(purpose, result);
    } catch {
      return this.#parts.payloads.pack(purpose, { ...result, outcomes: result.outcomes.map(sendable) });
    }
  }

  /** The result is in the queue, and this worker was the one to put it there. */
  completed(job: QueuedJob, result: string): void {
    const [id, from] = [job.id as string, this.#from.get(job)];
    const tell = (): void => {
      if (from !== undefined) this.#parts.answers.push(from, { t: 'done', id, result });
    };
    const told = this.#told.get(job);
    if (told === undefined) tell();
    else void told.then((was) => (was ? undefined : tell()));
    void this.#parts.payloads.discard(job.data).catch(() => {}); // it expires by itself
    this.tombstones.forget(id);
  }

  /** It was refused, or given up after several workers had died of it. */
  failed(job: QueuedJob | undefined, reason: string): void {
    if (job?.id === undefined) return;
    const tell = (from: string): void => this.#parts.answers.push(from, { t: 'failed', id: job.id as string, reason });
    const from = this.#from.get(job);
    if (from !== undefined) tell(from);
    else if (/stalled more than/.test(reason)) void this.#open(job).then((shipment) => tell(shipment.from), () => {}); // prettier-ignore
  }

  control(message: Control): void {
    const delivery = this.#deliveries.get(message.id);
    if (message.t === 'cancel') {
      this.tombstones.heard(message.id, message.job);
      delivery?.cancel(message.job, reasonOf(message.reason));
    } else if (message.t === 'credit') delivery?.credit(message.job, message.total);
    else delivery?.close(message.job);
  }

  /** Another worker has these, or will: this one was away for too long. */
  lost(ids: readonly string[]): void {
    for (const id of ids) {
      if (!this.#deliveries.has(id)) continue;
      this.#parts.log(`job ${id} was given to another worker, because this one did not renew its lock in time`);
      this.#deliveries.get(id)?.giveUp(new CancelledError({ source: 'shutdown', reason: 'another worker has the job' }));
    }
  }

  /** Asks the server about everything here: while it was not listened to, something may have been cancelled. */
  async catchUp(): Promise<void> {
    for (const delivery of Array.from(this.#deliveries.values())) {
      for (const job of await this.#parts.askTombstones(delivery.id)) delivery.cancel(job, new CancelledError());
    }
  }

  /** From now on everything that comes is handed back. Resolves when nothing is left; what is not through in time is handed back, too. */
  async drain(timeout: number): Promise<void> {
    this.#draining = true;
    if (this.#busy === 0) return;
    const limit = setTimeout(() => this.#giveUpAll(timeout), Math.min(timeout, 2 ** 31 - 1));
    await new Promise<void>((resolve) => this.#idle.push(resolve));
    clearTimeout(limit);
  }

  #giveUpAll(timeout: number): void {
    this.#parts.log(`${this.#deliveries.size} jobs were not through within ${timeout} ms and go back to the queue`);
    for (const delivery of this.#deliveries.values()) delivery.giveUp(new CancelledError({ source: 'shutdown' }));
  }
}

function mismatch({ module, fingerprint }: KnownRemote, shipment: Shipment): unknown {
  if (fingerprint === undefined) return null;
  try {
    checkFingerprint({ module, export: '#' }, { fn: () => undefined, fingerprint }, shipment.fingerprint);
    return null;
  } catch (error) {
    return error;
  }
}

function sendable(outcome: Outcome): Outcome {
  try {
    serialize(outcome.payload);
    return outcome;
  } catch (error) {
    return unsendable(outcome, error);
  }
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 500);
