/**
 * The submitting side of a remote executor. Each job that the server has accepted is settled once, by whichever comes first: the
 * worker's answer, the look that is taken at the queue every second, or the end of patience with a server that is gone.
 */
import { randomUUID } from 'node:crypto';
import { realClock } from '../base/clock.ts';
import { CancelledError, InvalidStateError } from '../base/errors.ts';
import { RemoteJobLostError, RemoteUnavailableError } from '../base/remote-errors.ts';
import { encodeThrown } from '../wire/error-codec.ts';
import type { Job, JobHost } from './job.ts';
import { PoolCounters } from './pool-counters.ts';
import { RemoteBatching } from './remote-batching.ts';
import { Collector } from './remote-collector.ts';
import type { Consignment } from './remote-consignment.ts';
import { Hearing } from './remote-hearing.ts';
import { RemoteLink } from './remote-link.ts';
import type { LinkListener } from './remote-link.ts';
import type { RemoteSettings } from './remote-options.ts';
import { Packer } from './remote-packer.ts';
import type { Packed } from './remote-packer.ts';
import type { Answer, PartialResult, WorkerNote } from './remote-protocol.ts';
import { Reconciler } from './remote-reconciler.ts';
import { Sender } from './remote-sender.ts';
import { describeOutage, endWith, failureOf } from './remote-settle.ts';
import { Stopper } from './remote-stopper.ts';
import type { Place } from './remote-stopper.ts';
import { storeSafely } from './remote-store-safely.ts';
import { StreamReader } from './remote-stream-reader.ts';
import { warnOnce } from './warnings.ts';

/** Milliseconds for telling workers that nobody waits any more. */
const DISMISSAL = 1000;
/** With so many jobs out, what comes in one turn of the loop is collected, to travel together. */
const CROWD = 32;

export class RemotePool implements JobHost, LinkListener {
  readonly counters: PoolCounters = new PoolCounters();
  readonly settings: RemoteSettings;
  readonly link: RemoteLink;
  readonly #id = randomUUID();
  readonly #shipments = new Map<string, Consignment>();
  readonly #places = new Map<Job, Place>();
  readonly #streams = new Map<Job, StreamReader>();
  readonly #batching = new RemoteBatching();
  readonly #packer: Packer;
  readonly #collector: Collector;
  readonly #hearing: Hearing;
  readonly #stopper: Stopper;
  readonly #sender: Sender;
  readonly #reconciler: Reconciler;
  readonly #drained: (() => void)[] = [];
  #dismissed: Promise<unknown> | null = null;
  #closed = false;

  constructor(settings: RemoteSettings) {
    this.settings = settings;
    this.link = new RemoteLink(settings, this.#id, this);
    this.#packer = new Packer(settings, this.link, this.#id, (job, bytes) => this.#batching.weighed(job, bytes));
    this.#collector = new Collector(this.#batching, this.#packer, {
      crowded: () => this.#places.size >= CROWD,
      packed: (packed) => this.#enter(packed),
      ended: (job, end) => this.#end(job, end),
    });
    const { link } = this;
    this.#stopper = new Stopper(link, {
      placeOf: (job) => this.#places.get(job),
      ended: (job) => this.#end(job, () => job.endCancelled()),
      failed: (error) => this.#reconciler.failed(error),
    });
    this.#sender = new Sender({
      get ready() {
        return link.ready;
      },
      add: (shipments) => link.add(shipments),
      accepted: (shipment) => this.#accepted(shipment),
      failed: (error) => this.#reconciler.sent(error),
    });
    this.#hearing = new Hearing(link, this.#shipments, this.#streams, {
      settled: (shipment, result) => this.#settleAll(shipment, result),
      partly: (shipment, result) => this.#settle(shipment, result),
      failed: (shipment, reason) => this.#failed(shipment, reason),
      refused: (shipment, error) => this.#endAll(shipment, () => ({ ok: false, error })),
      expired: (job) => this.#end(job, () => job.endCancelled()),
    });
    this.#reconciler = new Reconciler(settings, link, {
      shipments: this.#shipments,
      done: (shipment, result) => void this.#hearing.done(shipment, result, true),
      failed: (shipment, reason) => this.#failed(shipment, reason),
      lost: (shipment) => this.#lost(shipment),
      stop: (shipment) => this.#stopAgain(shipment),
      out: (cause, unsent) => this.#giveUp(cause, unsent),
    });
  }

  get workers(): readonly WorkerNote[] {
    return this.#reconciler.workers;
  }

  get census(): { queued: number; running: number } {
    let [pending, running] = [this.#collector.size, 0];
    for (const shipment of this.#shipments.values()) {
      for (const job of shipment.jobs) if (!job.settled) pending++;
      running += shipment.running;
    }
    return { queued: pending - running, running };
  }

  // ── on its way

  submit(job: Job): void {
    if (job.settled) return;
    if (job.effective !== null) return void job.endCancelled();
    if (this.#closed) {
      const text = `Executor shutdown has been called: ${this.settings.name} accepts no more jobs`;
      return void job.end({ ok: false, error: new InvalidStateError(text) });
    }
    try {
      this.#packer.check(job);
      this.#collector.add(job);
    } catch (error) {
      job.end({ ok: false, error });
    }
  }

  #enter({ shipment, text }: Packed): void {
    if (this.#shipments.size === 0) this.#awake(true);
    this.#shipments.set(shipment.id, shipment);
    shipment.jobs.forEach((job, at) => {
      job.phase = 'queued';
      this.#places.set(job, { shipment, at });
      if (job.ties?.extras.credit !== undefined) this.#streams.set(job, this.#streamOf(job, shipment, at));
      if (job.settings.queueTimeout !== Infinity) this.#stopper.limitWait(job, shipment);
    });
    if (typeof text === 'string') this.#send(shipment, text);
    else void this.#sendLater(shipment, text);
  }

  #streamOf(job: Job, shipment: Consignment, at: number): StreamReader {
    return new StreamReader(this.link, shipment, at, job, (error) => {
      const reason = encodeThrown(new CancelledError({ source: 'sibling', reason: error.message }));
      void this.link.cancel({ t: 'cancel', id: shipment.id, job: at, reason }).catch(() => {}); // it would only run in vain
      this.#end(job, () => job.end({ ok: false, error }));
    });
  }

  #send(shipment: Consignment, text: string): void {
    shipment.text = text;
    for (const job of shipment.jobs) job.args = []; // they are packed
    this.#sender.push(shipment);
  }

  /** Its payload goes to the blob store first. */
  async #sendLater(shipment: Consignment, store: () => Promise<string>): Promise<void> {
    try {
      const text = await storeSafely(store, this.link, shipment);
      if (text !== null) this.#send(shipment, text);
    } catch (error) {
      const cause = this.link.connections.clean(error);
      const failure = new RemoteUnavailableError(`The payload of a job could not be stored: ${cause.message}`, { cause });
      this.#endAll(shipment, () => ({ ok: false, error: failure }));
    }
  }

  #accepted(shipment: Consignment): void {
    this.#reconciler.sent(null);
    shipment.phase = 'accepted';
    shipment.text = null;
    shipment.seenAt = performance.now();
    for (const job of shipment.jobs) {
      if (job.settled) continue;
      job.sent(0, performance.now());
      this.#streams.get(job)?.begin();
      if (job.effective !== null) void this.#stopper.stop(job);
    }
  }

  // ── how it ends

  /** What is undefined among the outcomes is not over yet. */
  #settle(shipment: Consignment, { startedAt, outcomes }: PartialResult): void {
    const began = performance.now() - Math.max(0, this.link.clock.now() - startedAt);
    shipment.jobs.forEach((job, at) => {
      const outcome = outcomes[at];
      if (outcome === undefined || outcome === null || job.settled) return;
      job.sentAt = Math.max(job.submittedAt, Math.min(began, performance.now()));
      if (outcome.ms > 0) this.#batching.ran(job, outcome.ms);
      this.#end(job, () => endWith(job, outcome), outcome.ms);
    });
  }

  /** All of it has been heard. */
  #settleAll(shipment: Consignment, result: PartialResult): void {
    this.#settle(shipment, result);
    this.#endAll(shipment, (job) => failureOf(job, 'its worker said nothing about it')); // of another version
    this.#reconciler.forget(shipment);
  }

  answer(answer: Answer): void {
    this.#hearing.answer(answer);
  }

  #failed(shipment: Consignment, reason: string): void {
    this.#endAll(shipment, (job) => failureOf(job, reason));
  }

  #lost(shipment: Consignment): void {
    this.#endAll(shipment, ({ name }) => {
      const text = `Job ${JSON.stringify(name)} is gone from the server: it was wiped, or restarted without its data. It may have run`;
      return { ok: false, error: new RemoteJobLostError(text, name) };
    });
  }

  /** The server has been away for too long, or refuses this client. */
  #giveUp(cause: Error, unsent: boolean): void {
    const { shown, refusal } = this.link.connections;
    const what = refusal ?? describeOutage(this.settings, shown);
    for (const shipment of Array.from(this.#shipments.values())) {
      if (unsent && shipment.phase === 'accepted') continue;
      const known = shipment.phase === 'packed' ? '' : '. It may have run, or run later';
      this.#endAll(shipment, ({ name }) => {
        const text = `Job ${JSON.stringify(name)} was given up: ${what} (${cause.message})${known}`;
        return { ok: false, error: new RemoteUnavailableError(text, { cause }) };
      });
    }
  }

  #endAll(shipment: Consignment, outcome: (job: Job) => Parameters<Job['end']>[0]): void {
    for (const job of shipment.jobs) this.#end(job, () => (job.effective === null ? job.end(outcome(job)) : job.endCancelled()));
    this.#over(shipment);
  }

  #end(job: Job, end: () => boolean, ms = 0): void {
    const stream = this.#streams.get(job);
    this.#streams.delete(job);
    if (!job.settled && end()) this.counters.ended(job, ms);
    stream?.end();
    const place = this.#places.get(job);
    this.#places.delete(job);
    if (place !== undefined && !place.shipment.open) this.#over(place.shipment);
  }

  #over(shipment: Consignment): void {
    shipment.phase = 'over';
    if (!this.#shipments.delete(shipment.id) || this.#shipments.size > 0) return;
    this.#awake(false);
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  // ── the end of patience

  jobCancelled(job: Job, _error: CancelledError): void {
    if (this.#places.has(job)) void this.#stopper.stop(job);
    else this.#collector.cancelled(job);
  }

  /** What was said may not have been heard. */
  #stopAgain(shipment: Consignment): void {
    for (const job of shipment.jobs) if (!job.settled && job.effective !== null) void this.#stopper.stop(job);
    for (const job of shipment.jobs) this.#streams.get(job)?.remind();
  }

  // ── the connection

  changed(): void {
    this.link.connections.keepAlive(this.#shipments.size > 0);
    if (this.link.ready) this.#sender.poke();
    this.#reconciler.connection();
  }

  listening(): void {
    this.#sender.poke();
    this.#reconciler.lookAtAll();
  }

  #awake(on: boolean): void {
    this.link.connections.keepAlive(on);
    this.#reconciler.run(on);
  }

  /** Resolves when the server answers and a worker serves the pool. */
  warmup(): Promise<void> {
    return this.#reconciler.whenServed();
  }

  async shutdown(timeout: number, cancelPending: boolean): Promise<void> {
    this.#closed = true;
    this.#reconciler.dismiss();
    await this.hasten(timeout, cancelPending);
    await this.#dismissal();
    this.#sender.close();
    await this.#reconciler.close();
    await this.link.close();
  }

  /** Resolves when all jobs have ended. */
  async hasten(timeout: number, cancelPending: boolean): Promise<void> {
    this.#collector.flush();
    const limit = timeout === Infinity ? null : realClock.setTimer(realClock.now() + timeout, () => this.#abort(timeout));
    if (cancelPending) await Promise.all([...this.#shipments.values()].map((shipment) => this.#cancelIfWaiting(shipment)));
    if (this.#shipments.size > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
    limit?.[Symbol.dispose]();
  }

  /** Those that a worker has go on: only what waits can be taken back. */
  async #cancelIfWaiting(shipment: Consignment): Promise<void> {
    if (shipment.phase === 'accepted' && !(await this.#stopper.takeBack(shipment))) return;
    for (const job of shipment.jobs) job.cancelWith(new CancelledError({ source: 'shutdown' }));
    this.#endAll(shipment, () => ({ ok: true, value: undefined })); // they are cancelled
  }

  #abort(timeout: number): void {
    const jobs = [...this.#places.keys()];
    warnOnce('', `${this.settings.name} did not shut down within ${timeout} ms: ${jobs.length} jobs were cancelled`);
    const reason = new CancelledError({ source: 'shutdown' });
    this.#dismissed = Promise.all([...this.#shipments.values()].map((shipment) => this.#stopper.dismiss(shipment, reason)));
    for (const job of jobs) {
      job.cancelWith(new CancelledError({ source: 'shutdown' }));
      this.#end(job, () => job.endCancelled());
    }
  }

  /** Workers are told before the connection closes, if the server listens. */
  #dismissal(): Promise<void> {
    const dismissed = this.#dismissed;
    if (dismissed === null) return Promise.resolve();
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, DISMISSAL);
      void dismissed.then(() => {
        clearTimeout(limit);
        resolve();
      });
    });
  }
}
