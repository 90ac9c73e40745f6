/**
 * The scheduler under every pool: one line of jobs, a crew of workers. It decides who runs where and when, and sees to it that
 * every accepted job settles. What a worker is made of is the business of the handle it is given.
 */
import { realClock } from '../base/clock.ts';
import { CancelledError, ExecutorFullError, InvalidStateError } from '../base/errors.ts';
import type { ExceptionContext } from '../core/runtime.ts';
import { FREE_DEATHS } from './backoff.ts';
import { goneBefore, workerDiedIdle } from './blame.ts';
import type { BroadcastHost } from './broadcast.ts';
import { Crew } from './crew.ts';
import type { CrewHost } from './crew.ts';
import { Feeder } from './feeder.ts';
import type { Job } from './job.ts';
import type { ExecutorLabel } from './job-events.ts';
import { Line } from './line.ts';
import type { PoolSettings } from './options.ts';
import { PoolCounters } from './pool-counters.ts';
import type { Slot } from './slot.ts';
import { isFromCallback, isStuck, stuckError } from './stuck.ts';
import { checkAt, limitWait } from './time-limits.ts';
import { warnOnce } from './warnings.ts';
import type { StartWorker, WorkerDeath } from './worker-handle.ts';

export class Pool implements BroadcastHost<Slot>, CrewHost {
  readonly counters: PoolCounters = new PoolCounters();
  readonly settings: PoolSettings;
  readonly label: ExecutorLabel;
  readonly #line: Line<Slot>;
  readonly #crew: Crew;
  readonly #report: (context: ExceptionContext) => void;
  readonly #feeder: Feeder;
  readonly #drained: (() => void)[] = [];
  #killing = 0; // workers that were killed and are not gone yet: their jobs are nowhere else
  #closed = false;

  constructor(
    settings: PoolSettings,
    start: StartWorker,
    report: (context: ExceptionContext) => void,
    kind: ExecutorLabel['kind'] = 'thread',
  ) {
    this.settings = settings;
    this.label = Object.freeze({ name: settings.name, kind });
    this.#report = report;
    this.#line = new Line(settings.maxQueue, () => this.#waitingThere);
    this.#crew = new Crew(settings, start, this);
    this.#feeder = new Feeder(settings, this.#line, this.#crew, {
      open: (job) => this.#open(job),
      putBack: (jobs) => this.#putBack(jobs),
    });
    try {
      this.#crew.grow(settings.min);
    } catch (error) {
      void this.#crew.disband();
      throw error;
    }
  }

  get census(): { workers: number; busy: number; idle: number; queued: number; running: number; respawned: number; recycled: number } {
    let [busy, idle, running] = [0, 0, 0];
    for (const slot of this.#crew.slots) {
      if (slot.busy) busy++;
      else if (slot.isReady) idle++; // others are still starting
      running += slot.running;
    }
    const { size: workers, respawned, recycling } = this.#crew;
    const queued = this.#line.queued + this.#waitingThere;
    return { workers, busy, idle, queued, running, respawned, recycled: recycling.recycled };
  }

  /** Jobs that were sent and wait in a worker behind the running one. */
  get #waitingThere(): number {
    let waiting = 0;
    for (const slot of this.#crew.slots) waiting += slot.waiting;
    return waiting;
  }

  /** Takes a job on: it runs, waits, or ends at once with the reason why it was not accepted. */
  submit(job: Job): void {
    if (job.settled) return; // its context could not be carried
    if (job.effective !== null) return void job.endCancelled();
    if (this.#closed) return this.#refuse(job, this.#shutDown('accepts no more jobs'));
    const slot = this.#line.empty && !this.#feeder.collects ? this.#slotFor(job) : null;
    if (slot !== null) this.#feeder.give(slot, job);
    else if (!job.settled) this.#enqueue(job);
  }

  staff(): readonly Slot[] {
    if (this.#closed) throw this.#shutDown('accepts no more jobs');
    if (this.#crew.size === 0) this.#crew.fill(this.settings.max);
    return [...this.#crew.slots];
  }

  submitTo(slot: Slot, job: Job): void {
    if (job.effective !== null) return void job.endCancelled();
    this.#line.pin(job, slot);
    this.#feeder.wakeLater(slot);
  }

  #shutDown(what: string): InvalidStateError {
    return new InvalidStateError(`Executor shutdown has been called: ${this.settings.name} ${what}`);
  }

  #refuse(job: Job, error: unknown): void {
    if (job.waitsInLine) this.#line.remove(job);
    job.end({ ok: false, error });
  }

  #enqueue(job: Job): void {
    const { max, maxQueue, name, onFull } = this.settings;
    if (onFull === 'reject' && this.#line.full) {
      const state = `${this.#crew.size} workers are busy and ${this.#line.queued + this.#waitingThere} jobs wait (maxQueue ${maxQueue})`;
      return this.#refuse(job, new ExecutorFullError(`${name} is full: ${state}; job ${JSON.stringify(job.name)} was refused`));
    }
    this.#line.enter(job);
    limitWait(job);
    if (isFromCallback(job)) setImmediate(() => this.#refuseIfStuck(job)); // not if the callback does not wait for it
    if (this.#crew.size < max)
      this.#feeder.pump(); // a burst on a cold pool starts the workers at once
    else this.#feeder.pumpSoon();
  }

  #refuseIfStuck(job: Job): void {
    const { max, name } = this.settings;
    if (!job.waitsInLine || this.#crew.size < max) return;
    const running = Array.from(this.#crew.slots, (slot) => slot.jobs);
    if (isStuck(running, () => this.#line.toArray())) this.#refuse(job, stuckError(name, max, job));
  }

  /** An idle worker for a job that need not wait, else a new one while there may be more. */
  #slotFor(job: Job): Slot | null {
    const home = this.#line.homeOf(job);
    if (home !== undefined) return home.busy ? null : this.#crew.take(home);
    return this.#crew.pick() ?? this.#open(job);
  }

  /** When no worker can be started, and there is none that could take the job one day, it is told why. */
  #open(job: Job): Slot | null {
    try {
      return this.#crew.open();
    } catch (error) {
      if (this.#crew.size === 0) this.#refuse(job, error);
      return null;
    }
  }

  slotFree(slot: Slot, unstarted: readonly Job[], ended: number): void {
    if (!this.#crew.slots.has(slot)) return; // it was dismissed
    this.#putBack(unstarted);
    const { recycling, slots } = this.#crew;
    if (slot.retired) this.#replace(slot);
    else if (recycling.isDue(slot, slots) && !this.#line.owes(slot)) this.#recycle(slot);
    else this.#feeder.goOn(slot, ended);
    this.#checkDrained();
  }

  slotAdvanced(slot: Slot, unstarted: readonly Job[]): void {
    if (!this.#crew.slots.has(slot)) return;
    this.#putBack(unstarted);
    this.#feeder.advanced(slot);
    this.#checkDrained();
  }

  jobEnded(job: Job, ms: number): void {
    this.counters.ended(job, ms);
    this.#feeder.ended(job, ms);
  }

  warn(file: string, text: string): void {
    warnOnce(file, text);
  }

  slotDied(slot: Slot, death: WorkerDeath, unstarted: readonly Job[], between: boolean): void {
    if (!this.#crew.slots.has(slot)) return; // it was being dismissed
    this.#crew.remove(slot, true);
    if (between)
      this.#report({ message: `A worker of ${this.settings.name} died between jobs`, error: workerDiedIdle('between jobs', death) });
    this.#putBack(unstarted);
    this.#casualty(slot);
    this.#refill(slot);
    this.#checkDrained();
  }

  /** When no worker gets ready, time after time, whoever waits for one is told why. */
  #casualty(slot: Slot): void {
    const { backoff, slots } = this.#crew;
    backoff.died(slot);
    const { startFailure } = slot;
    if (startFailure === null || backoff.row < FREE_DEATHS || [...slots].some((other) => other.isReady)) return;
    for (const job of this.#line.toArray()) {
      this.#line.remove(job);
      this.#fail(job, startFailure(job));
    }
  }

  mayOpen(): void {
    this.#feeder.pump();
    this.#keepMinimum();
  }

  slotLeaves(slot: Slot): void {
    // A job that is being cancelled ends when the worker is gone.
    const orphans = this.#line.forget(slot).filter((job) => job.effective === null);
    for (const job of orphans) this.#fail(job, slot.startFailure?.(job) ?? goneBefore(job, slot.death));
  }

  #fail(job: Job, error: unknown): void {
    if (job.end({ ok: false, error })) this.counters.ended(job, 0);
  }

  /** Jobs that were sent and did not begin are next again. */
  #putBack(jobs: readonly Job[]): void {
    for (const job of jobs) if (job.effective !== null) this.#endCancelled(job, 0);
    const others = jobs.filter((job) => !job.settled);
    if (others.length > 0) this.#line.putBack(others);
    for (const job of others) limitWait(job);
  }

  #recycle(slot: Slot): void {
    this.#crew.recycle(slot);
    this.#refill(slot);
  }

  #replace(slot: Slot): void {
    void this.#crew.dismiss(slot, true);
    if (slot.failedStart) this.#casualty(slot);
    this.#refill(slot);
  }

  /** Starts what is needed in place of a worker that is gone. One that could not start would only fail again. */
  #refill(gone: Slot): void {
    this.#feeder.pump();
    if (!gone.failedStart) this.#keepMinimum();
  }

  #keepMinimum(): void {
    if (this.#closed) return;
    try {
      this.#crew.grow(this.settings.min);
    } catch (error) {
      this.#report({ message: `${this.settings.name} has fewer workers than its minimum of ${this.settings.min}`, error });
    }
  }

  jobCancelled(job: Job, error: CancelledError): void {
    if (job.phase === 'new') return;
    if (job.waitsInLine) {
      this.#line.remove(job);
      this.#endCancelled(job, 0);
      if (this.#line.empty) this.#crew.backoff.relax();
    } else for (const slot of this.#crew.slots) if (slot.holds(job)) this.#stop(slot, job, error);
    this.#checkDrained();
  }

  #endCancelled(job: Job, ms: number): void {
    if (job.endCancelled(ms)) this.counters.ended(job, ms);
  }

  /** The three steps: take back what has not begun; ask what runs; kill the worker after the grace. */
  #stop(slot: Slot, job: Job, error: CancelledError): void {
    if (slot.revoke(job)) return this.#endCancelled(job, 0);
    slot.requestCancel(job, error);
    if (job.expired) void slot.lookFor(job);
    const { onCancel, grace } = job.settings;
    if (onCancel === 'abandon') this.#endCancelled(job, 0);
    else if (onCancel === 'terminate') checkAt(slot, job, realClock.now() + grace, () => this.#killFor(job, slot));
  }

  /** Nothing else must be begun there from now on: who runs when the worker is killed is lost, and must be that job. */
  #killFor(job: Job, slot: Slot): void {
    this.#feeder.recall(slot);
    const kill = (): void => void (slot.runs(job) && this.#kill(slot));
    const look = slot.runs(job) ? slot.lookFor(job) : null;
    slot.retired ||= look !== null; // it gets no further job while it is looked for
    if (look === null) kill();
    else void look.then(kill);
    this.#feeder.pump();
  }

  /** Cancelled jobs end when the worker is really gone; others that it had go elsewhere. */
  async #kill(slot: Slot): Promise<void> {
    this.#killing++;
    const jobs = await this.#crew.kill(slot);
    this.#killing--;
    for (const job of jobs) if (job.effective !== null) this.#endCancelled(job, performance.now() - job.sentAt);
    this.#putBack(jobs.filter((job) => !job.settled));
    this.#refill(slot);
    this.#checkDrained();
  }

  async warmup(): Promise<void> {
    if (this.#closed) throw this.#shutDown('starts no more workers');
    this.#crew.fill(this.settings.max);
    await Promise.all([...this.#crew.slots].map((slot) => slot.warmup()));
  }

  async shutdown(timeout: number, cancelPending: boolean): Promise<void> {
    this.#closed = true;
    if (cancelPending) this.#cancelWaiting();
    const limit = timeout === Infinity ? null : realClock.setTimer(realClock.now() + timeout, () => this.#abort(timeout));
    if (!this.#isDrained()) await new Promise<void>((resolve) => this.#drained.push(resolve));
    limit?.[Symbol.dispose]();
    this.#feeder.stop();
    await this.#crew.disband();
  }

  /** Jobs that have not begun, wherever they are. */
  #cancelWaiting(): void {
    for (const slot of this.#crew.slots) this.#feeder.recall(slot);
    for (const job of this.#line.toArray()) job.cancelWith(new CancelledError({ source: 'shutdown' }));
  }

  /** The time limit of a shutdown has passed: says so and kills what is left. */
  #abort(timeout: number): void {
    const { running, queued } = this.census;
    const left = `${running} running and ${queued + this.#line.held} waiting jobs were cancelled`;
    warnOnce('', `${this.settings.name} did not shut down within ${timeout} ms: ${left}`);
    this.#cancelWaiting();
    for (const slot of Array.from(this.#crew.slots)) {
      if (!slot.working) continue;
      for (const job of slot.jobs) job.cancelWith(new CancelledError({ source: 'shutdown' }));
      this.#killForShutdown(slot);
    }
    this.#checkDrained();
  }

  #killForShutdown(slot: Slot): void {
    const running = [...slot.jobs].find((job) => slot.runs(job));
    const look = running === undefined ? null : slot.lookFor(running);
    if (look === null) void this.#kill(slot);
    else void look.then(() => void (slot.working && this.#kill(slot))); // its grace may have ended meanwhile
  }

  #isDrained(): boolean {
    if (this.#line.queued + this.#line.held + this.#killing > 0) return false;
    for (const slot of this.#crew.slots) if (slot.working) return false;
    return true;
  }

  #checkDrained(): void {
    if (this.#drained.length === 0 || !this.#isDrained()) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}
