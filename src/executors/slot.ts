/**
 * One worker and the jobs that were sent to it. A slot posts a batch, settles its jobs as their outcomes come, and knows
 * which job is to blame when the worker dies: the control block says how many were claimed, and the last of these was running.
 *
 * For now a batch is one job; everything here already takes several.
 */
import { OffloopError } from '../base/errors.ts';
import type { CancelledError, WorkerDiedError } from '../base/errors.ts';
import { ambient } from '../core/scope.ts';
import { notCloneable } from '../wire/clone-path.ts';
import { decodeThrown, encodeThrown } from '../wire/error-codec.ts';
import type { Encoded } from '../wire/error-codec.ts';
import { CODED_VALUE, ERROR, LOAD_ERROR, OUTCOME_FIELDS, TAKEN_BACK, VALUE } from '../wire/protocol.ts';
import type { Batch, FromWorker, JobExtras, Outcomes, Ready } from '../wire/protocol.ts';
import { collectTransfer, decodeValues, encodeValues } from '../wire/transfer.ts';
import { diedAtStart, loadFailed, unready, workerDied, workerDiedIdle } from './blame.ts';
import type { Job, JobOutcome } from './job.ts';
import { JobQueue } from './job-queue.ts';
import type { Home } from './line.ts';
import type { Wire } from './ties.ts';
import { bothDeaths, firstDeathOf, secondChance } from './second-chance.ts';
import type { StartWorker, WorkerDeath, WorkerHandle, WorkerListener } from './worker-handle.ts';

export interface SlotHost {
  /** The batch is over; the slot may take the next. `unstarted` were sent but never began. */
  slotFree(slot: Slot, unstarted: readonly Job[]): void;
  /** The worker is gone. `unstarted` were sent but never began; `between` = no job was running, so none was told. */
  slotDied(slot: Slot, death: WorkerDeath, unstarted: readonly Job[], between: boolean): void;
  jobEnded(job: Job, ms: number): void;
  warn(file: string, text: string): void;
}

const NOTHING: readonly object[] = [];
const NO_JOBS: readonly Job[] = [];
let lastSequence = 0;

export class Slot implements WorkerListener, Home {
  readonly bound: JobQueue = new JobQueue(true);
  readonly bornAt: number = performance.now();
  /** How many jobs it has ended. */
  done: number = 0;
  /** After so many it is replaced, see `Recycling`; a batch should not reach far beyond. */
  jobLimit: number = Infinity;
  idleSince: number = this.bornAt;
  /** It takes no further job: a module failed to load there, or it is being ended. */
  retired = false;
  readonly #host: SlotHost;
  readonly #worker: WorkerHandle;
  readonly #known = new Set<number>();
  readonly #whenReady: Waiting[] = [];
  #whenGoodbye: Waiting | null = null;
  /** Why it could not get ready, and another would not either: what to tell the jobs that wait. */
  startFailure: ((job: Job) => WorkerDiedError) | null = null;
  #isReady = false; // it has answered once, so a later death is not one at start-up
  #dead = false;
  #jobs: readonly Job[] = NO_JOBS;
  #settled = 0; // how many of them have their outcome

  constructor(start: StartWorker, host: SlotHost) {
    this.#host = host;
    this.#worker = start(this);
  }

  get busy(): boolean {
    return this.#jobs.length > 0;
  }

  /** Abandoned jobs run, too; those that were cancelled before they began do not. */
  get running(): number {
    const { claimed } = this.#worker.control;
    let running = 0;
    for (let i = this.#settled; i < this.#jobs.length; i++) if (i < claimed || !(this.#jobs[i] as Job).settled) running++;
    return running;
  }

  get failedStart(): boolean {
    return this.startFailure !== null;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** It has jobs that somebody waits for, not only abandoned ones. */
  get working(): boolean {
    return this.#jobs.some((job) => !job.settled);
  }

  /** Those that were sent there and have no outcome yet. */
  get jobs(): readonly Job[] {
    return this.#jobs.slice(this.#settled);
  }

  /** Megabytes. */
  get heapUsed(): number {
    return this.#worker.control.heapUsed;
  }

  get gone(): Promise<void> {
    return this.#worker.gone;
  }

  /** Posts the jobs; none of them has begun anywhere. */
  send(jobs: readonly Job[]): void {
    const base = lastSequence + 1;
    lastSequence = (lastSequence + jobs.length) % 0x3fffffff;
    const at = performance.now();
    this.#jobs = jobs;
    this.#settled = 0;
    for (let i = 0; i < jobs.length; i++) (jobs[i] as Job).sent(base + i, at);
    this.#worker.control.offer(base, jobs.length);
    this.#worker.keepAlive(true);
    try {
      this.#post(jobs);
      for (const job of jobs) job.ties?.connected(this.#wire);
    } catch (error) {
      this.#refused(error);
    }
  }

  /** For what a running job says to the loop, and the loop to it. */
  readonly #wire: Wire = {
    post: (message, transfer) => this.#worker.send(message, transfer),
    keepAlive: (on) => {
      if (this.#jobs.length === 1) this.#worker.keepAlive(on); // others in the batch need the worker anyway
    },
  };

  #post(jobs: readonly Job[]): void {
    const batch: Batch[number][] = [];
    let transfer = NOTHING;
    for (const job of jobs) {
      const { fn } = job;
      if (!this.#known.has(fn.id)) {
        this.#known.add(fn.id);
        this.#worker.send({ type: 'define', fn: fn.id, ref: fn.ref, name: fn.name }, NOTHING);
      }
      const { values, replaced } = encodeValues(job.args);
      batch.push(fn.id, job.id, values, extrasOf(job, replaced));
      const moved = collectTransfer(values) as readonly object[];
      if (moved.length > 0) transfer = [...transfer, ...moved];
    }
    this.#worker.send(batch, transfer);
  }

  /** What could not be encoded or cloned was not sent, and nothing was transferred. */
  #refused(error: unknown): void {
    this.#worker.control.revoke();
    const ours = error instanceof OffloopError; // the codec of a registered class failed
    const problem = (job: Job): unknown => (ours ? error : notCloneable(job.args, 'args', error));
    // What was moved to the first worker of an idempotent job is gone with that worker.
    for (const job of this.#jobs) this.#settle(job, { ok: false, error: firstDeathOf(job) ?? problem(job) }, 0);
    queueMicrotask(() => this.#free()); // not within the call that sent: the host is in the middle of it
  }

  /** Resolves when the worker can run jobs: modules loaded, `init` done. */
  warmup(): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#worker.keepAlive(true);
      this.#whenReady.push({ resolve, reject });
    });
  }

  /** Lets the worker run its teardown; no job follows. Rejects when the worker dies of it. */
  farewell(): Promise<void> {
    this.retired = true;
    return new Promise((resolve, reject) => {
      this.#whenGoodbye = { resolve, reject };
      this.#worker.keepAlive(true);
      this.#worker.send({ type: 'goodbye' }, NOTHING);
    });
  }

  /** The process must not end before it has gone. */
  stayAlive(): void {
    this.#worker.keepAlive(true);
  }

  ready(ready: Ready): void {
    this.#isReady = true;
    if (!this.busy) this.#worker.keepAlive(false);
    if (ready.unready !== undefined) return this.#notReady(decodeThrown(ready.unready));
    for (const { resolve } of this.#whenReady.splice(0)) resolve();
  }

  #notReady(error: unknown): void {
    this.retired = true;
    this.startFailure = (job) => unready(job, error);
    for (const job of this.#jobs) this.#settle(job, { ok: false, error: unready(job, error) }, 0);
    this.#failWaiting(unready(null, error));
    this.#free();
  }

  #failWaiting(error: unknown): void {
    for (const { reject } of this.#whenReady.splice(0)) reject(error);
    this.#whenGoodbye?.reject(error);
    this.#whenGoodbye = null;
  }

  message(message: FromWorker): void {
    if (isOutcomes(message)) return this.#receive(message);
    if (message.type === 'warning') this.#host.warn(message.file, message.text);
    else if (message.type === 'progress') this.#progress(message.id, message.value);
    else if (message.type === 'items' || message.type === 'call') this.#jobs.find(({ id }) => id === message.id)?.ties?.heard(message);
    else {
      if (message.failed === undefined) this.#whenGoodbye?.resolve();
      else this.#whenGoodbye?.reject(decodeThrown(message.failed));
      this.#whenGoodbye = null;
    }
  }

  #receive(outcomes: Outcomes): void {
    this.#isReady = true;
    for (let i = 0; i < outcomes.length && this.busy; i += OUTCOME_FIELDS) {
      if (outcomes[i] === TAKEN_BACK) return this.#takenBack();
      const job = this.#jobs[this.#settled++] as Job;
      this.done++;
      this.#settle(job, this.#decode(job, outcomes[i] as number, outcomes[i + 2]), outcomes[i + 1] as number);
    }
    if (this.busy && this.#settled === this.#jobs.length) this.#free();
  }

  #decode(job: Job, kind: number, payload: unknown): JobOutcome {
    if (kind === VALUE) return { ok: true, value: payload };
    if (kind === CODED_VALUE) return decodeValue(payload);
    const error = decodeThrown(payload as Encoded, job.callSite);
    if (kind === ERROR) return { ok: false, error };
    if (kind === LOAD_ERROR) this.retired = true; // a module that failed stays failed in that worker
    return { ok: false, error: loadFailed(job, error) };
  }

  /** The rest of the batch was taken back before it began: cancelled jobs have ended, the others go elsewhere. */
  #takenBack(): void {
    if (!this.#dead) this.#free(this.jobs.filter((job) => !job.settled)); // else `died` gives them back
  }

  #settle(job: Job, outcome: JobOutcome, ms: number): void {
    if (job.end(outcome)) this.#host.jobEnded(job, ms);
  }

  #free(unstarted: readonly Job[] = []): void {
    this.#jobs = NO_JOBS;
    this.#settled = 0;
    if (this.#dead) return;
    this.#worker.keepAlive(false);
    this.idleSince = performance.now();
    this.#host.slotFree(this, unstarted);
  }

  holds(job: Job): boolean {
    return this.#jobs.indexOf(job, this.#settled) !== -1;
  }

  /** Takes a job back if the worker has not begun it. False: it runs, or has run. */
  revoke(job: Job): boolean {
    return this.#jobs.indexOf(job) >= this.#worker.control.revoke();
  }

  /** Takes back all that has not begun, and returns it; what is not cancelled meanwhile goes elsewhere. */
  revokeAll(): readonly Job[] {
    return this.busy ? this.#jobs.slice(this.#worker.control.revoke()) : [];
  }

  /** Raises the running job's flag and signal. */
  requestCancel(job: Job, reason: CancelledError): void {
    this.#worker.control.requestCancel(job.sequence);
    this.#worker.send({ type: 'cancel', sequence: job.sequence, reason: encodeThrown(reason) }, NOTHING);
  }

  /** When the running job began, on the scale of `performance.now()`; null = it has not. */
  startedAt(job: Job): number | null {
    const { control } = this.#worker;
    if (this.#jobs.indexOf(job) !== control.claimed - 1 || control.startedAt === 0) return null;
    return control.startedAt - performance.timeOrigin;
  }

  #progress(id: number, value: unknown): void {
    const job = this.#jobs.find((j) => j.id === id);
    const onProgress = job?.settings.onProgress;
    if (job === undefined || onProgress === undefined || job.settled) return;
    try {
      ambient.run(job, onProgress, value);
    } catch (error) {
      job.runtime.report({ message: `Exception in onProgress of job ${JSON.stringify(job.name)}`, error, task: job });
    }
  }

  died(death: WorkerDeath, last: readonly FromWorker[]): void {
    this.#dead = this.retired = true;
    for (const message of last) this.message(message);
    const jobs = this.#jobs;
    const { claimed } = this.#worker.control;
    // A worker that dies before it was ready would die again: the first job takes the blame, so that no start is repeated for ever.
    const begun = this.#isReady ? claimed : Math.max(1, claimed);
    const running = begun > this.#settled ? jobs[begun - 1] : undefined;
    this.#jobs = NO_JOBS;
    if (!this.#isReady) this.startFailure = (job) => diedAtStart(job, death);
    const again = running !== undefined && this.#blame(running, death);
    this.#failWaiting(this.#diedIdle(death));
    this.#host.slotDied(this, death, jobs.slice(again ? begun - 1 : begun), running === undefined);
  }

  /** True when the job may run once more, elsewhere. */
  #blame(job: Job, death: WorkerDeath): boolean {
    const error = workerDied(job, death);
    if (secondChance(job, error)) return true;
    this.#settle(job, { ok: false, error: bothDeaths(job, error) }, performance.now() - job.sentAt);
    return false;
  }

  #diedIdle(death: WorkerDeath): WorkerDiedError {
    return workerDiedIdle(this.#isReady ? 'while it ran its teardown' : 'while it started', death);
  }

  /** Kills the worker; returns the jobs it had, which the caller settles. */
  terminate(): { jobs: readonly Job[]; gone: Promise<void> } {
    const { jobs } = this;
    this.#jobs = NO_JOBS;
    this.#settled = 0;
    this.#dead = this.retired = true;
    this.#failWaiting(this.#diedIdle(terminated));
    return { jobs, gone: this.#worker.terminate() };
  }
}

const terminated: WorkerDeath = { why: 'terminated', exitCode: null, signalName: null, cause: undefined };

function decodeValue(payload: unknown): JobOutcome {
  try {
    return { ok: true, value: decodeValues([payload])[0] };
  } catch (error) {
    return { ok: false, error }; // its class is not registered here, or has a codec that fails
  }
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function isOutcomes(message: FromWorker): message is Outcomes {
  return Array.isArray(message);
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
