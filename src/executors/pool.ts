/**
 * The scheduler under every pool: one line of jobs, some slots. It decides who runs where and when, starts and ends workers,
 * and sees to it that every accepted job settles. What a worker is made of is the business of the handle it is given.
 */
import { realClock } from '../base/clock.ts';
import { CancelledError, ExecutorFullError, InvalidStateError } from '../base/errors.ts';
import type { Job, JobHost } from './job.ts';
import { Line } from './line.ts';
import type { PoolSettings } from './options.ts';
import { PoolCounters } from './pool-counters.ts';
import { Slot } from './slot.ts';
import type { SlotHost } from './slot.ts';
import { warnOnce } from './warnings.ts';
import type { StartWorker, WorkerDeath } from './worker-handle.ts';

/** Milliseconds that a worker's teardown may take. */
const TEARDOWN_LIMIT = 1000;

export class Pool implements JobHost, SlotHost {
  readonly counters: PoolCounters = new PoolCounters();
  readonly settings: PoolSettings;
  readonly #start: StartWorker;
  readonly #line: Line<Slot>;
  readonly #slots = new Set<Slot>();
  readonly #idle: Slot[] = []; // the one used last is used next: its caches are warm, and the others may end
  readonly #leaving = new Set<Promise<void>>();
  readonly #drained: (() => void)[] = [];
  #sweeper: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(settings: PoolSettings, start: StartWorker) {
    this.settings = settings;
    this.#start = start;
    this.#line = new Line(settings.maxQueue);
    this.#keepMinimum();
  }

  get census(): { workers: number; busy: number; idle: number; queued: number; running: number } {
    let running = 0;
    for (const slot of this.#slots) running += slot.running;
    const workers = this.#slots.size;
    const idle = this.#idle.length;
    return { workers, busy: workers - idle, idle, queued: this.#line.queued, running };
  }

  /** Takes a job on: it runs, waits, or ends at once with the reason why it was not accepted. */
  submit(job: Job): void {
    if (this.#closed) return this.#refuse(job, new InvalidStateError(`Executor shutdown has been called: ${this.settings.name} accepts no more jobs`));
    if (job.effective !== null) return void job.endCancelled();
    const slot = this.#line.empty ? this.#slotFor(job) : null;
    if (slot !== null) this.#dispatch(slot, job);
    else if (!job.settled) this.#enqueue(job);
  }

  #refuse(job: Job, error: unknown): void {
    job.end({ ok: false, error });
  }

  #enqueue(job: Job): void {
    const { max, maxQueue, name, onFull } = this.settings;
    if (onFull === 'reject' && this.#line.full) {
      const text = `${name} is full: ${max} workers are busy and ${this.#line.queued} jobs wait (maxQueue ${maxQueue}); job ${JSON.stringify(job.name)} was refused`;
      return this.#refuse(job, new ExecutorFullError(text));
    }
    this.#line.enter(job);
    const { queueTimeout } = job.settings;
    if (queueTimeout !== Infinity) {
      job.expireAt(realClock.now() + queueTimeout, `Job ${JSON.stringify(job.name)} did not start within its queueTimeout of ${queueTimeout} ms`);
    }
    if (this.#slots.size < max) this.#pump(); // a burst on a cold pool starts the workers at once
  }

  /** An idle worker for a job that need not wait, else a new one while there may be more. */
  #slotFor(job: Job): Slot | null {
    const home = this.#line.homeOf(job);
    if (home !== undefined) return home.busy ? null : this.#takeIdle(home);
    return this.#idle.pop() ?? this.#open(job);
  }

  #takeIdle(slot: Slot): Slot {
    const at = this.#idle.lastIndexOf(slot);
    if (at !== -1) this.#idle.splice(at, 1);
    return slot;
  }

  /** Starts a worker, if there may be one more. When it cannot be started, the job that needed it is told why. */
  #open(job: Job | null): Slot | null {
    if (this.#slots.size >= this.settings.max) return null;
    try {
      const slot = new Slot(this.#start, this);
      this.#slots.add(slot);
      return slot;
    } catch (error) {
      const failure = new InvalidStateError(`${this.settings.name} could not start a worker: ${(error as Error).message}`, { cause: error });
      if (job === null) throw failure;
      this.#refuse(job, failure);
      return null;
    }
  }

  #keepMinimum(): void {
    while (!this.#closed && this.#slots.size < this.settings.min) this.#rest(this.#open(null) as Slot);
  }

  /** Gives work to every worker that can take some. */
  #pump(): void {
    while (!this.#line.empty) {
      const slot = this.#idle.pop() ?? this.#openForNext();
      if (slot === null) return;
      if (!this.#feed(slot)) return this.#rest(slot); // what waits is bound to other workers
    }
  }

  #openForNext(): Slot | null {
    const next = this.#line[Symbol.iterator]().next();
    return next.done === true || this.#slots.size >= this.settings.max ? null : this.#open(next.value);
  }

  /** Sends the next job to a free slot. False: there is none for it. */
  #feed(slot: Slot): boolean {
    const job = this.#line.take(slot, (other) => {
      if (!other.busy && other !== slot) queueMicrotask(() => this.#wake(other));
    });
    if (job === null) return false;
    this.#dispatch(slot, job);
    return true;
  }

  /** A job was bound to this idle worker. */
  #wake(slot: Slot): void {
    if (slot.busy || !this.#slots.has(slot)) return;
    this.#takeIdle(slot);
    if (!this.#feed(slot)) this.#rest(slot);
  }

  #dispatch(slot: Slot, job: Job): void {
    const { timeout } = job.settings;
    this.#line.settle(job, slot);
    this.counters.waited(performance.now() - job.submittedAt);
    job.stopTimer();
    slot.send([job]);
    if (timeout !== Infinity) this.#limit(slot, job, timeout);
  }

  /** Counts from the job's start in the worker, which the control block tells: starting a worker must not count. */
  #limit(slot: Slot, job: Job, timeout: number): void {
    const check = (): void => {
      if (job.settled || !slot.holds(job)) return;
      const startedAt = slot.startedAt(job);
      const left = startedAt === null ? timeout : startedAt + timeout - realClock.now();
      if (left <= 0) job.expireAt(0, `Job ${JSON.stringify(job.name)} ran longer than its timeout of ${timeout} ms`);
      else job.checkAt(realClock.now() + left, check);
    };
    job.checkAt(realClock.now() + timeout, check);
  }

  slotFree(slot: Slot): void {
    if (!this.#slots.has(slot)) return; // it was dismissed, and has run its teardown
    if (slot.retired) this.#replace(slot);
    else if (!this.#feed(slot)) this.#rest(slot);
    this.#checkDrained();
  }

  #rest(slot: Slot): void {
    this.#idle.push(slot);
    this.#sweepLater();
  }

  jobEnded(job: Job, ms: number): void {
    this.counters.ended(job, ms);
  }

  warn(file: string, text: string): void {
    warnOnce(file, text);
  }

  slotDied(slot: Slot, death: WorkerDeath, unstarted: readonly Job[], between: boolean): void {
    if (!this.#slots.has(slot)) return; // it was being dismissed
    if (between && death.cause !== undefined) {
      warnOnce('', `A worker of ${this.settings.name} died between jobs (${death.why}): ${String(death.cause)}`);
    }
    this.#forget(slot);
    this.counters.respawned++;
    this.#putBack(unstarted);
    this.#refill(slot);
    this.#checkDrained();
  }

  /** Jobs that were sent and did not begin are next again. */
  #putBack(jobs: readonly Job[]): void {
    for (const job of [...jobs].reverse()) {
      if (job.effective === null) this.#line.putBack(job);
      else if (job.endCancelled()) this.counters.ended(job, 0);
    }
  }

  #forget(slot: Slot): void {
    this.#slots.delete(slot);
    this.#takeIdle(slot);
    this.#line.forget(slot);
    const { gone } = slot;
    this.#leaving.add(gone);
    void gone.then(() => this.#leaving.delete(gone));
  }

  #replace(slot: Slot): void {
    this.#forget(slot);
    this.counters.respawned++;
    void slot.terminate().gone;
    this.#refill(slot);
  }

  /** Starts what is needed in place of a worker that is gone. One that could not start would only fail again. */
  #refill(gone: Slot): void {
    if (!gone.failedStart) this.#keepMinimum();
    this.#pump();
  }

  jobCancelled(job: Job, error: CancelledError): void {
    if (job.phase === 'new') return;
    if (job.waitsInLine) {
      this.#line.remove(job);
      this.#endCancelled(job);
      return this.#checkDrained();
    }
    for (const slot of this.#slots) if (slot.holds(job)) this.#stop(slot, job, error);
    this.#checkDrained();
  }

  #endCancelled(job: Job): void {
    if (job.endCancelled()) this.counters.ended(job, 0);
  }

  /** The three steps: take back what has not begun; ask what runs; kill the worker after the grace. */
  #stop(slot: Slot, job: Job, error: CancelledError): void {
    if (slot.revoke(job)) return this.#endCancelled(job);
    slot.requestCancel(job, error);
    const { onCancel, grace } = job.settings;
    if (onCancel === 'abandon') this.#endCancelled(job);
    else if (onCancel === 'terminate') job.checkAt(realClock.now() + grace, () => void this.#kill(slot, job));
  }

  async #kill(slot: Slot, job: Job): Promise<void> {
    if (job.settled || !slot.holds(job)) return;
    this.#forget(slot);
    this.counters.respawned++;
    const { jobs, gone } = slot.terminate();
    await gone;
    if (job.endCancelled()) this.counters.ended(job, performance.now() - job.sentAt);
    this.#putBack(jobs.filter((other) => other !== job));
    this.#refill(slot);
    this.#checkDrained();
  }

  async warmup(): Promise<void> {
    if (this.#closed) throw new InvalidStateError(`Executor shutdown has been called: ${this.settings.name} starts no more workers`);
    for (let slot = this.#open(null); slot !== null; slot = this.#open(null)) this.#rest(slot);
    await Promise.all([...this.#slots].map((slot) => slot.warmup()));
  }

  /** One unreferenced timer for all idle workers; it never keeps the process alive. */
  #sweepLater(): void {
    const { idleTimeout, min } = this.settings;
    if (this.#sweeper !== null || idleTimeout === Infinity || this.#slots.size <= min || this.#idle.length === 0) return;
    const oldest = this.#idle.reduce((at, slot) => Math.min(at, slot.idleSince), Infinity);
    const wait = Math.max(1, oldest + idleTimeout - performance.now());
    this.#sweeper = setTimeout(() => this.#sweep(), Math.min(wait, 2 ** 31 - 1)).unref();
  }

  #sweep(): void {
    this.#sweeper = null;
    const limit = performance.now() - this.settings.idleTimeout;
    for (const slot of [...this.#idle]) {
      if (this.#slots.size > this.settings.min && slot.idleSince <= limit) void this.#dismiss(slot);
    }
    this.#sweepLater();
  }

  /** Ends an idle worker in order: teardown first, within its limit. */
  async #dismiss(slot: Slot): Promise<void> {
    this.#forget(slot);
    if (this.settings.teardown !== undefined && slot.isReady && !slot.busy) await this.#teardown(slot);
    await slot.terminate().gone;
  }

  #teardown(slot: Slot): Promise<void> {
    return new Promise((resolve) => {
      const limit = realClock.setTimer(realClock.now() + TEARDOWN_LIMIT, resolve);
      const end = (): void => (limit[Symbol.dispose](), resolve());
      slot.farewell().then(end, (error: unknown) => {
        warnOnce('', `teardown of ${this.settings.name} failed: ${String(error)}`);
        end();
      });
    });
  }

  async shutdown(timeout: number, cancelPending: boolean): Promise<void> {
    this.#closed = true;
    if (cancelPending) this.#cancelWaiting();
    const limit = timeout === Infinity ? null : realClock.setTimer(realClock.now() + timeout, () => this.#abort(timeout));
    if (!this.#isDrained()) await new Promise<void>((resolve) => this.#drained.push(resolve));
    limit?.[Symbol.dispose]();
    if (this.#sweeper !== null) clearTimeout(this.#sweeper);
    await Promise.all([...this.#slots].map((slot) => this.#dismiss(slot)));
    await Promise.all(this.#leaving);
  }

  #cancelWaiting(): void {
    for (const job of this.#line) job.cancelWith(new CancelledError({ source: 'shutdown' }));
  }

  /** The time limit of a shutdown has passed: says so and kills what is left. */
  #abort(timeout: number): void {
    const { running, queued } = this.census;
    warnOnce('', `${this.settings.name} did not shut down within ${timeout} ms: ${running} running and ${queued + this.#line.held} waiting jobs were cancelled`);
    this.#cancelWaiting();
    for (const slot of [...this.#slots]) {
      if (!slot.busy) continue;
      this.#forget(slot);
      for (const job of slot.terminate().jobs) {
        job.cancelWith(new CancelledError({ source: 'shutdown' }));
        this.#endCancelled(job);
      }
    }
    this.#checkDrained();
  }

  #isDrained(): boolean {
    if (!this.#line.empty || this.#line.queued > 0) return false;
    for (const slot of this.#slots) if (slot.busy && !slot.abandoned) return false;
    return true;
  }

  #checkDrained(): void {
    if (this.#drained.length === 0 || !this.#isDrained()) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}
