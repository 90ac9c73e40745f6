/**
 * One worker and the jobs that were sent to it, oldest first. A slot posts batches, settles jobs as their outcomes come, takes
 * back what has not begun, and knows which job is to blame when the worker dies: the control block tells which one was running.
 */
import type { CancelledError, WorkerDiedError } from '../base/errors.ts';
import { RING } from '../wire/control.ts';
import { decodeThrown, encodeThrown } from '../wire/error-codec.ts';
import { LOAD_ERROR, OUTCOME_FIELDS, TAKEN_BACK } from '../wire/protocol.ts';
import type { FromWorker, Outcomes, Ready } from '../wire/protocol.ts';
import { diedAtStart, TERMINATED, unready, workerDied, workerDiedIdle } from './blame.ts';
import { InFlight } from './in-flight.ts';
import type { Job, JobOutcome } from './job.ts';
import { JobQueue } from './job-queue.ts';
import type { Home } from './line.ts';
import { Milestones } from './milestones.ts';
import { Outbox } from './outbox.ts';
import { unpack } from './parcel.ts';
import { bothDeaths, secondChance } from './second-chance.ts';
import { lookFor } from './whereabouts.ts';
import type { StartWorker, WorkerDeath, WorkerHandle, WorkerListener } from './worker-handle.ts';

export interface SlotHost {
  /** The worker has nothing left to do. `unstarted` were sent but never began; `ended` = how many have just ended. */
  slotFree(slot: Slot, unstarted: readonly Job[], ended: number): void;
  /** Some of its jobs have ended, others have not. */
  slotAdvanced(slot: Slot, unstarted: readonly Job[]): void;
  /** The worker is gone. `unstarted` were sent but never began; `between` = no job was running, so none was told. */
  slotDied(slot: Slot, death: WorkerDeath, unstarted: readonly Job[], between: boolean): void;
  jobEnded(job: Job, ms: number): void;
  warn(file: string, text: string): void;
}

const NOTHING: readonly object[] = [];
const NO_JOBS: readonly Job[] = [];

export class Slot implements WorkerListener, Home {
  readonly bound: JobQueue = new JobQueue(true);
  readonly bornAt: number = performance.now();
  /** How many jobs it has ended. */
  done: number = 0;
  /** After so many it is replaced, see `Recycling`: it is sent no more than those. */
  jobLimit: number = Infinity;
  idleSince: number = this.bornAt;
  /** It takes no further job: a module failed to load there, or it is being ended. */
  retired = false;
  readonly #host: SlotHost;
  readonly #worker: WorkerHandle;
  readonly #milestones = new Milestones();
  /** How it ended by itself; null while it lives, and when it was killed. */
  death: WorkerDeath | null = null;
  /** Why it could not get ready, and another would not either: what to tell the jobs that wait. */
  startFailure: ((job: Job) => WorkerDiedError) | null = null;
  #isReady = false; // it has answered once, so a later death is not one at start-up
  #dead = false;
  #heardAt = 0; // when it was sent something to do, or told of something
  #back: readonly Job[] = NO_JOBS; // what it gave back while it was dying
  readonly #flight: InFlight;
  readonly #outbox: Outbox;
  /** The highest priority number of a job that it may have. */
  leastUrgent: number = -Infinity;
  /** Estimated milliseconds of work that are on their way there. */
  load = 0;
  /** Its running job takes longer than expected: nothing must be sent until it has ended. */
  stuck = false;

  constructor(start: StartWorker, host: SlotHost) {
    this.#host = host;
    this.#worker = start(this);
    this.#flight = new InFlight(this.#worker.control);
    this.#outbox = new Outbox(this.#worker, this.#flight, (job, error) => this.#settle(job, { ok: false, error }, 0));
  }

  get busy(): boolean {
    return this.#flight.size > 0;
  }

  /** How many jobs it was sent of which it has not told the outcome. */
  get inFlight(): number {
    return this.#flight.size;
  }

  /** How many jobs may still be sent. */
  get room(): number {
    const { size } = this.#flight;
    // One that is to be replaced, and cannot be yet, goes on job by job.
    const capacity = this.#worker.capacity ?? RING;
    return Math.min(capacity - size, Math.max(size === 0 ? 1 : 0, this.jobLimit - this.done - size));
  }

  /** Whether a job runs there, or is about to. Abandoned jobs run, too; those that were cancelled before they began do not. */
  get running(): number {
    return this.#flight.live > 0 ? 1 : 0;
  }

  /** How many jobs wait there behind the running one. */
  get waiting(): number {
    return Math.max(0, this.#flight.live - 1);
  }

  get failedStart(): boolean {
    return this.startFailure !== null;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** It is starting, and somebody waits until it is ready. */
  get isAwaited(): boolean {
    return this.#milestones.awaited;
  }

  /** It has jobs that somebody waits for, not only abandoned ones. */
  get working(): boolean {
    return this.jobs.some((job) => !job.settled);
  }

  /** Those that were sent there and have no outcome yet. */
  get jobs(): readonly Job[] {
    return this.#flight.jobs;
  }

  /** Megabytes. */
  get heapUsed(): number {
    return this.#worker.control.heapUsed;
  }

  get gone(): Promise<void> {
    return this.#worker.gone;
  }

  /** Posts the jobs; none of them has begun anywhere. There must be room for them. */
  send(jobs: readonly Job[]): void {
    const idle = !this.busy;
    const at = performance.now();
    if (idle) {
      this.#heardAt = at;
      this.#worker.keepAlive(true);
    }
    for (const job of jobs) this.leastUrgent = Math.max(this.leastUrgent, job.settings.priority);
    this.#outbox.send(jobs, at);
    // Not within the call that sent: the host is in the middle of it.
    if (idle && !this.busy) queueMicrotask(() => this.busy || this.#free(NO_JOBS));
  }

  /** Resolves when the worker can run jobs: modules loaded, `init` done. */
  warmup(): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    this.#worker.keepAlive(true);
    return this.#milestones.whenReady();
  }

  /** Lets the worker run its teardown; no job follows. Rejects when the worker dies of it. */
  farewell(): Promise<void> {
    this.retired = true;
    const told = this.#milestones.whenGoodbye();
    this.#worker.keepAlive(true);
    this.#worker.send({ type: 'goodbye' }, NOTHING);
    return told;
  }

  /** The process must not end before it has gone. */
  stayAlive(): void {
    this.#worker.keepAlive(true);
  }

  ready(ready: Ready): void {
    this.#isReady = true;
    this.idleSince = performance.now();
    if (!this.busy) this.#worker.keepAlive(false);
    if (ready.unready !== undefined) return this.#notReady(decodeThrown(ready.unready));
    this.#milestones.ready();
  }

  #notReady(error: unknown): void {
    this.retired = true;
    this.startFailure = (job) => unready(job, error);
    const { jobs } = this;
    this.#flight.clear();
    for (const job of jobs) this.#settle(job, { ok: false, error: unready(job, error) }, 0);
    this.#milestones.fail(unready(null, error));
    this.#free(NO_JOBS);
  }

  message(message: FromWorker): void {
    if (isOutcomes(message)) return this.#receive(message);
    if (message.type === 'warning') this.#host.warn(message.file, message.text);
    else if (message.type === 'progress') this.#flight.byId(message.id)?.progressed(message.value);
    else if (message.type === 'items' || message.type === 'call') this.#flight.byId(message.id)?.ties?.heard(message);
    else this.#milestones.goodbye(message.failed);
  }

  #receive(outcomes: Outcomes): void {
    this.#isReady = true;
    const before = this.#flight.size;
    const back: Job[] = [];
    this.#flight.collect(this.#ended);
    for (let i = 0; i < outcomes.length && this.busy; i += OUTCOME_FIELDS) {
      const job = this.#flight.shift();
      if (outcomes[i] === LOAD_ERROR) this.retired = true; // a module that failed stays failed in that worker
      if (job !== null && outcomes[i] === TAKEN_BACK) back.push(job);
      else if (job !== null) this.#told(job, unpack(job, outcomes[i] as number, outcomes[i + 2]), outcomes[i + 1] as number);
      this.#flight.collect(this.#ended);
    }
    this.#advanced(before, back);
  }

  readonly #ended = (job: Job, value: unknown, ms: number): void => this.#told(job, { ok: true, value }, ms);

  #told(job: Job, outcome: JobOutcome, ms: number): void {
    this.done++;
    this.#settle(job, outcome, ms);
  }

  /** Looks for results that the worker could not tell of, because its next job takes long. */
  look(): void {
    const before = this.#flight.size;
    this.#flight.collect(this.#ended);
    this.#advanced(before, NO_JOBS);
  }

  #advanced(before: number, back: readonly Job[]): void {
    const { size } = this.#flight;
    if (size === before) return;
    this.#heardAt = performance.now();
    this.stuck = false;
    this.load *= size / before;
    if (this.#dead) this.#back = back;
    else if (size === 0) this.#free(back, before);
    else this.#host.slotAdvanced(this, back);
  }

  #settle(job: Job, outcome: JobOutcome, ms: number): void {
    if (job.end(outcome, ms)) this.#host.jobEnded(job, ms);
  }

  #free(unstarted: readonly Job[], ended = 0): void {
    this.load = 0;
    this.leastUrgent = -Infinity;
    this.stuck = false;
    if (this.#dead) return;
    this.#worker.keepAlive(false);
    this.idleSince = performance.now();
    this.#host.slotFree(this, unstarted, ended);
  }

  holds(job: Job): boolean {
    return this.#flight.holds(job);
  }

  /** Whether the job has begun and not ended. */
  runs(job: Job): boolean {
    return this.#flight.runs(job);
  }

  /** Takes a job back if the worker has not begun it. False: it runs, or has run. */
  revoke(job: Job): boolean {
    return this.#flight.revoke(job);
  }

  /** Takes back all that has not begun, and returns it, oldest first. */
  revokeAll(): readonly Job[] {
    return this.#flight.revokeAll();
  }

  /** Takes back what has not begun and is less urgent than this. */
  revokeAbove(priority: number): readonly Job[] {
    this.leastUrgent = priority;
    return this.#flight.revokeAbove(priority);
  }

  /** Milliseconds for which the running job has run while others wait behind it; 0 when none waits. */
  get heldUpFor(): number {
    return this.#flight.live < 2 ? 0 : Math.min(performance.now() - this.#heardAt, this.#flight.runsFor);
  }

  /** Notes where the worker is that runs this job, for its error; null when nobody can tell. */
  lookFor(job: Job): Promise<void> | null {
    return lookFor(job, () => this.#worker.where?.() ?? null);
  }

  /** Raises the running job's flag and signal. */
  requestCancel(job: Job, reason: CancelledError): void {
    this.#worker.control.requestCancel(job.sequence);
    this.#worker.send({ type: 'cancel', sequence: job.sequence, reason: encodeThrown(reason) }, NOTHING);
  }

  /** When the running job began, on the scale of `performance.now()`; null = it has not. */
  startedAt(job: Job): number | null {
    return this.#flight.startedAt(job);
  }

  died(death: WorkerDeath, last: readonly FromWorker[]): void {
    this.#dead = this.retired = true;
    this.death = death;
    for (const message of last) this.message(message);
    this.#flight.collect(this.#ended);
    const { jobs } = this;
    this.#flight.clear();
    if (!this.#isReady) this.startFailure = (job) => diedAtStart(job, death);
    // A worker that dies before it was ready would die again: the first job takes the blame, so that no start is repeated for ever.
    const blamed = jobs.filter((job, i) => this.#flight.hasBegun(job) || (i === 0 && !this.#isReady));
    const again = blamed.filter((job) => this.#blame(job, death));
    this.#milestones.fail(this.#diedIdle(death));
    const unstarted = [...this.#back, ...again, ...jobs.filter((job) => !blamed.includes(job))];
    this.#host.slotDied(this, death, unstarted, blamed.length === 0);
  }

  /** True when the job may run once more, elsewhere. */
  #blame(job: Job, death: WorkerDeath): boolean {
    const error = this.#flight.hasBegun(job) ? workerDied(job, death) : diedAtStart(job, death);
    if (secondChance(job, error)) return true;
    this.#settle(job, { ok: false, error: bothDeaths(job, error) }, performance.now() - job.sentAt);
    return false;
  }

  #diedIdle(death: WorkerDeath): WorkerDiedError {
    return workerDiedIdle(this.#isReady ? 'while it ran its teardown' : 'while it started', death);
  }

  /** Kills the worker; returns the jobs it had, which the caller settles. */
  terminate(): { jobs: readonly Job[]; gone: Promise<void> } {
    this.#dead = this.retired = true;
    const gone = this.#worker.terminate(); // what it has said until now is still heard
    this.#flight.collect(this.#ended);
    const jobs = [...this.#back, ...this.jobs];
    this.#flight.clear();
    this.#milestones.fail(this.#diedIdle(TERMINATED));
    return { jobs, gone };
  }
}

function isOutcomes(message: FromWorker): message is Outcomes {
  return Array.isArray(message);
}
