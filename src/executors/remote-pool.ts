/**
 * The submitting side of a remote executor. Each job that the server has accepted is settled once, by whichever comes first: the
 * worker's answer, the look that is taken at the queue every second, or the end of patience with a server that is gone.
 */
import { randomUUID } from 'node:crypto';
import { realClock } from '../base/clock.ts';
import { CancelledError, InvalidStateError } from '../base/errors.ts';
import { RemoteJobLostError, RemoteRefusedError, RemoteUnavailableError } from '../base/remote-errors.ts';
import { encodeThrown } from '../wire/error-codec.ts';
import type { Job, JobHost } from './job.ts';
import { PoolCounters } from './pool-counters.ts';
import type { Consignment } from './remote-consignment.ts';
import { RemoteLink } from './remote-link.ts';
import type { LinkListener } from './remote-link.ts';
import type { RemoteSettings } from './remote-options.ts';
import { Packer } from './remote-packer.ts';
import type { Packed } from './remote-packer.ts';
import { messagePurpose, resultPurpose } from './remote-payload.ts';
import type { Answer, Result, WorkerNote } from './remote-protocol.ts';
import { Reconciler } from './remote-reconciler.ts';
import { Sender } from './remote-sender.ts';
import { describeOutage, endWith, failureOf, ranTooLong } from './remote-settle.ts';
import { Stopper } from './remote-stopper.ts';
import type { Place } from './remote-stopper.ts';
import { storeSafely } from './remote-store-safely.ts';
import { StreamReader } from './remote-stream-reader.ts';
import { warnOnce } from './warnings.ts';

/** Milliseconds beyond `timeout` and `grace` in which a worker must have answered. */
const SLACK = 30_000;

export class RemotePool implements JobHost, LinkListener {
  readonly counters: PoolCounters = new PoolCounters();
  readonly settings: RemoteSettings;
  readonly link: RemoteLink;
  readonly #id = randomUUID();
  readonly #shipments = new Map<string, Consignment>();
  readonly #places = new Map<Job, Place>();
  readonly #streams = new Map<Job, StreamReader>();
  readonly #packer: Packer;
  readonly #stopper: Stopper;
  readonly #sender: Sender;
  readonly #reconciler: Reconciler;
  readonly #drained: (() => void)[] = [];
  #closed = false;

  constructor(settings: RemoteSettings) {
    this.settings = settings;
    this.link = new RemoteLink(settings, this.#id, this);
    this.#packer = new Packer(settings, this.link, this.#id);
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
      failed: (error) => this.#reconciler.failed(error),
    });
    this.#reconciler = new Reconciler(settings, link, {
      shipments: this.#shipments,
      done: (shipment, result) => void this.#done(shipment, result, true),
      failed: (shipment, reason) => this.#failed(shipment, reason),
      lost: (shipment) => this.#lost(shipment),
      stop: (shipment) => this.#stopAgain(shipment),
      out: (cause) => this.#giveUp(cause),
    });
  }

  get workers(): readonly WorkerNote[] {
    return this.#reconciler.workers;
  }

  get census(): { queued: number; running: number } {
    let [pending, running] = [0, 0];
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
      this.#enter(this.#packer.pack(job));
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

  // ── what is heard

  answer(answer: Answer): void {
    const shipment = this.#shipments.get(answer.id);
    if (shipment === undefined || shipment.over) return;
    if (answer.t === 'done') void this.#done(shipment, answer.result, false);
    else if (answer.t === 'failed') this.#failed(shipment, answer.reason);
    else if (shipment.hear(answer.attempt)) this.#heard(shipment, answer);
  }

  #heard(shipment: Consignment, answer: Extract<Answer, { job: number }>): void {
    const job = shipment.jobs[answer.job];
    if (job === undefined || job.settled) return;
    if (answer.t === 'started') this.#started(shipment, job, answer.job);
    else if (answer.t === 'items')
      this.#streams
        .get(job)
        ?.read()
        .catch(() => {}); // again in a second, and before the end
    else this.#progressed(job, shipment.id, answer.sealed);
  }

  #started(shipment: Consignment, job: Job, at: number): void {
    shipment.started(at);
    const { timeout, grace } = job.settings;
    if (timeout === Infinity) return job.stopTimer();
    // The worker keeps the limit. This is for a worker that cannot.
    job.checkAt(realClock.now() + timeout + grace + SLACK, () => {
      job.expire(ranTooLong(job));
      this.#end(job, () => job.endCancelled());
    });
  }

  #progressed(job: Job, id: string, sealed: string): void {
    try {
      job.progressed(this.link.payloads.unpack(messagePurpose(id), sealed));
    } catch (error) {
      warnOnce('', (error as Error).message); // a stranger's
    }
  }

  /** `sure`: it stands in the queue. What was only heard may have been said by anybody: then the queue is asked. */
  async #done(shipment: Consignment, text: string, sure: boolean): Promise<void> {
    if (shipment.over || shipment.reading) return;
    shipment.reading = true;
    try {
      const content = this.link.payloads.unpack(resultPurpose(shipment.id), text);
      const result = (content instanceof Promise ? await content : content) as Result;
      if (shipment.jobs.some((job) => this.#streams.has(job))) await this.#readRest(shipment);
      this.#settle(shipment, result);
      void this.link.payloads.discard(text).catch(() => {});
    } catch (error) {
      const refused = error instanceof RemoteRefusedError;
      if (refused && sure) this.#endAll(shipment, () => ({ ok: false, error }));
      else if (refused) shipment.seenAt = 0;
    } finally {
      shipment.reading = false;
    }
  }

  async #readRest(shipment: Consignment): Promise<void> {
    for (const job of shipment.jobs) await this.#streams.get(job)?.read();
  }

  #settle(shipment: Consignment, { startedAt, outcomes }: Result): void {
    const began = performance.now() - Math.max(0, this.link.clock.now() - startedAt);
    shipment.jobs.forEach((job, at) => {
      const outcome = outcomes[at];
      if (outcome === undefined || job.settled) return;
      job.sentAt = Math.max(job.submittedAt, Math.min(began, performance.now()));
      if (outcome.ms > 0) this.counters.waited(job.sentAt - job.submittedAt);
      this.#end(job, () => endWith(job, outcome), outcome.ms);
    });
    this.#over(shipment);
    this.#reconciler.forget(shipment);
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
  #giveUp(cause: Error): void {
    const { shown, trouble } = this.link.connections;
    const what = trouble?.final === true ? `the server ${shown} refuses this client` : describeOutage(this.settings, shown);
    for (const shipment of Array.from(this.#shipments.values())) {
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
    await this.hasten(timeout, cancelPending);
    this.#sender.close();
    await this.#reconciler.close();
    await this.link.close();
  }

  /** Resolves when all jobs have ended. */
  async hasten(timeout: number, cancelPending: boolean): Promise<void> {
    const limit = timeout === Infinity ? null : realClock.setTimer(realClock.now() + timeout, () => this.#abort(timeout));
    if (cancelPending) await Promise.all([...this.#places.keys()].map((job) => this.#cancelIfWaiting(job)));
    if (this.#shipments.size > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
    limit?.[Symbol.dispose]();
  }

  /** Those that a worker has go on: only what waits can be taken back. */
  async #cancelIfWaiting(job: Job): Promise<void> {
    const place = this.#places.get(job);
    if (place === undefined) return;
    const { shipment } = place;
    if (shipment.phase === 'accepted' && (shipment.jobs.length > 1 || !(await this.#stopper.takeBack(shipment)))) return;
    if (!job.settled) {
      job.cancelWith(new CancelledError({ source: 'shutdown' }));
      this.#end(job, () => job.endCancelled());
    }
  }

  #abort(timeout: number): void {
    const jobs = [...this.#places.keys()];
    warnOnce('', `${this.settings.name} did not shut down within ${timeout} ms: ${jobs.length} jobs were cancelled`);
    for (const job of jobs) {
      job.cancelWith(new CancelledError({ source: 'shutdown' }));
      this.#end(job, () => job.endCancelled());
    }
  }
}
