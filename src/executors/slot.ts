/**
 * One worker and the jobs that were sent to it. A slot posts a batch, settles its jobs when the reply comes, and knows which
 * job is to blame when the worker dies: the control block says how many were claimed, and the last of these was running.
 *
 * For now a batch is one job; everything here already takes several.
 */
import type { CancelledError } from '../base/errors.ts';
import { ambient } from '../core/scope.ts';
import { notCloneable } from '../wire/clone-path.ts';
import { wallClock } from '../wire/control.ts';
import { decodeThrown, encodeThrown } from '../wire/error-codec.ts';
import type { BatchMessage, BatchReply, Hello, JobRecord, Outcome, SideMessage } from '../wire/protocol.ts';
import { collectTransfer, decodeValues, encodeValues } from '../wire/transfer.ts';
import { loadFailed, resultLost, unready, workerDied } from './blame.ts';
import type { Job, JobOutcome } from './job.ts';
import { JobQueue } from './job-queue.ts';
import type { Home } from './line.ts';
import type { StartWorker, WorkerDeath, WorkerHandle, WorkerListener } from './worker-handle.ts';

export interface SlotHost {
  /** The batch is over; the slot may take the next. */
  slotFree(slot: Slot): void;
  /** The worker is gone. `unstarted` were sent but never began. */
  slotDied(slot: Slot, death: WorkerDeath, unstarted: readonly Job[]): void;
  jobEnded(job: Job, ms: number): void;
  warn(file: string, text: string): void;
}

type SideOutcome = Extract<SideMessage, { type: 'outcome' }>;

let lastSequence = 0;

export class Slot implements WorkerListener, Home {
  readonly bound: JobQueue = new JobQueue(true);
  idleSince: number = performance.now();
  /** It takes no further job: a module failed to load there, or it is being ended. */
  retired = false;
  /** It has answered once, so a later death is not one at start-up. */
  ready = false;
  readonly #host: SlotHost;
  readonly #worker: WorkerHandle;
  readonly #known = new Set<number>();
  #hello: Hello | undefined;
  readonly #arrived: SideOutcome[] = []; // outcomes that came before the reply that announces them
  #jobs: readonly Job[] = [];
  #busy = false;
  #warm: { done: () => void; failed: (error: unknown) => void } | null = null;

  constructor(start: StartWorker, hello: Omit<Hello, 'side'>, host: SlotHost) {
    this.#host = host;
    this.#worker = start(this);
    this.#hello = { ...hello, ...this.#worker.hello };
  }

  get busy(): boolean {
    return this.#busy;
  }

  get running(): number {
    return this.#jobs.length;
  }

  /** Busy with work that nobody waits for any more. */
  get abandoned(): boolean {
    return this.#busy && this.#jobs.length > 0 && this.#jobs.every((job) => job.settled);
  }

  get gone(): Promise<void> {
    return this.#worker.gone;
  }

  /** Posts the jobs; none of them has begun anywhere. */
  send(jobs: readonly Job[]): void {
    const transfer: object[] = [];
    const defs: NonNullable<BatchMessage['defs']>[number][] = [];
    for (const { fn } of jobs) {
      if (this.#known.has(fn.id)) continue;
      this.#known.add(fn.id);
      defs.push([fn.id, fn.ref]);
    }
    const records = jobs.map((job) => record(job, transfer));
    this.#post(defs.length === 0 ? { jobs: records } : { jobs: records, defs }, transfer, jobs);
  }

  /** Starts the worker up without a job: modules loaded, `init` done. */
  warmup(): Promise<void> {
    return this.#postEmpty({ jobs: [] });
  }

  /** Lets the worker run its teardown; no job follows. Rejects when the worker dies of it. */
  farewell(): Promise<void> {
    this.retired = true;
    return this.#postEmpty({ jobs: [], goodbye: true });
  }

  #postEmpty(batch: BatchMessage): Promise<void> {
    const answered = new Promise<void>((done, failed) => (this.#warm = { done, failed }));
    this.#post(batch, [], []);
    return answered;
  }

  #post(batch: BatchMessage, transfer: object[], jobs: readonly Job[]): void {
    const base = lastSequence + 1;
    lastSequence = (lastSequence + Math.max(1, jobs.length)) % 0x3fffffff;
    this.#busy = true;
    this.#jobs = jobs;
    const at = performance.now();
    jobs.forEach((job, i) => {
      job.sequence = base + i;
      job.phase = 'sent';
      job.sentAt = at;
      job.markRunning();
    });
    this.#worker.control.offer(base, jobs.length);
    const hello = this.#hello;
    if (hello !== undefined) transfer.push(hello.side);
    this.#worker.send(hello === undefined ? batch : { ...batch, hello }, transfer).then(
      (reply) => this.#replied(reply),
      (error: unknown) => this.#refused(error, batch),
    );
  }

  /** The message could not be cloned: nothing was sent, nothing was transferred. */
  #refused(error: unknown, batch: BatchMessage): void {
    for (const [id] of batch.defs ?? []) this.#known.delete(id);
    for (const job of this.#jobs) this.#settle(job, { ok: false, error: notCloneable(job.args, 'args', error) }, 0);
    this.#free();
  }

  #replied(reply: BatchReply): void {
    this.#hello = undefined;
    this.ready = true;
    if (reply.unready !== undefined) return this.#notReady(decodeThrown(reply.unready));
    this.#jobs.forEach((job, i) => {
      const outcome = reply.outcomes[i];
      if (outcome !== undefined) this.#receive(job, outcome);
      else if (!job.settled) job.endCancelled(); // taken back before it began
    });
    this.#free();
  }

  #notReady(error: unknown): void {
    this.retired = true;
    for (const job of this.#jobs) this.#settle(job, { ok: false, error: unready(job, error) }, 0);
    this.#warm?.failed(unready(null, error));
    this.#warm = null;
    this.#free();
  }

  #receive(job: Job, outcome: Outcome): void {
    if (outcome.ok === 'side') return this.#settle(job, this.#fromSide(job), outcome.ms);
    if (outcome.ok) {
      const value = outcome.encoded === true ? decodeValues([outcome.value])[0] : outcome.value;
      return this.#settle(job, { ok: true, value }, outcome.ms);
    }
    const error = decodeThrown(outcome.error, job.callSite);
    if (outcome.load === true) this.retired = true; // a module that failed stays failed in that worker
    this.#settle(job, { ok: false, error: outcome.load === true ? loadFailed(job, error) : error }, outcome.ms);
  }

  /** The outcome was posted on the side channel before the reply, so it is here: handed over already, or still in the port. */
  #fromSide(job: Job): JobOutcome {
    while (this.#arrived.length === 0) {
      const message = this.#worker.receive();
      if (message === undefined) return { ok: false, error: resultLost(job) };
      this.side(message);
    }
    const { value, encoded } = this.#arrived.shift() as SideOutcome;
    return { ok: true, value: encoded ? decodeValues([value])[0] : value };
  }

  #settle(job: Job, outcome: JobOutcome, ms: number): void {
    if (job.end(outcome)) this.#host.jobEnded(job, ms);
  }

  #free(): void {
    this.#jobs = [];
    this.#busy = false;
    this.idleSince = performance.now();
    this.#warm?.done();
    this.#warm = null;
    this.#host.slotFree(this);
  }

  holds(job: Job): boolean {
    return this.#jobs.includes(job);
  }

  /** Takes a job back if the worker has not begun it. False: it runs, or has run. */
  revoke(job: Job): boolean {
    return this.#jobs.indexOf(job) >= this.#worker.control.revoke();
  }

  /** Raises the running job's flag and signal. */
  requestCancel(job: Job, reason: CancelledError): void {
    this.#worker.control.requestCancel(job.sequence);
    this.#worker.notify({ cancel: job.sequence, reason: encodeThrown(reason) });
  }

  /** When the running job began, on the scale of `performance.now()`; null = it has not. */
  startedAt(job: Job): number | null {
    const { control } = this.#worker;
    if (this.#jobs.indexOf(job) !== control.claimed - 1) return null;
    return control.startedAt - performance.timeOrigin;
  }

  side(message: SideMessage): void {
    if (message.type === 'outcome') this.#arrived.push(message);
    if (message.type === 'warning') this.#host.warn(message.file, message.text);
    if (message.type !== 'progress') return;
    const job = this.#jobs.find((j) => j.id === message.id);
    const onProgress = job?.settings.onProgress;
    if (job === undefined || onProgress === undefined || job.settled) return;
    try {
      ambient.run(job, onProgress, message.value);
    } catch (error) {
      job.runtime.report({ message: `Exception in onProgress of job ${JSON.stringify(job.name)}`, error, task: job });
    }
  }

  died(death: WorkerDeath): void {
    const jobs = this.#jobs;
    // A worker that dies before it was ready would die again: the first job takes the blame, so that no start is repeated for ever.
    const begun = this.ready ? this.#worker.control.claimed : Math.max(1, this.#worker.control.claimed);
    this.#jobs = [];
    this.retired = true;
    const running = begun > 0 ? jobs[begun - 1] : undefined;
    if (running !== undefined) this.#settle(running, { ok: false, error: workerDied(running, death) }, performance.now() - running.sentAt);
    this.#warm?.failed(workerDied(null, death));
    this.#warm = null;
    this.#host.slotDied(this, death, jobs.slice(begun));
  }

  /** Kills the worker; returns the jobs it had, which the caller settles. */
  terminate(): { jobs: readonly Job[]; gone: Promise<void> } {
    const jobs = this.#jobs;
    this.#jobs = [];
    this.retired = true;
    return { jobs, gone: this.#worker.terminate() };
  }
}

function record(job: Job, transfer: object[]): JobRecord {
  const { values, replaced } = encodeValues(job.args);
  for (const item of collectTransfer(job.args)) transfer.push(item as object);
  const { timeout } = job.settings;
  return {
    fn: job.fn.id,
    args: values,
    id: job.id,
    name: job.name,
    ...(replaced ? { encoded: true } : {}),
    ...(timeout === Infinity ? {} : { deadline: wallClock() + timeout }),
  };
}
