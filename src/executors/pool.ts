/**
 * The scheduler under every pool: one line of jobs, a crew of workers. It decides who runs where and when, and sees to it that
 * every accepted job settles. What a worker is made of is the business of the handle it is given.
 */
import { realClock } from '../base/clock.ts';
import { CancelledError, ExecutorFullError, InvalidStateError } from '../base/errors.ts';
import type { ExceptionContext } from '../core/runtime.ts';
import { Batching } from './batching.ts';
import { workerDiedIdle } from './blame.ts';
import { Crew } from './crew.ts';
import type { CrewHost } from './crew.ts';
import type { Job, JobHost } from './job.ts';
import { Line } from './line.ts';
import type { PoolSettings } from './options.ts';
import { PoolCounters } from './pool-counters.ts';
import type { Slot } from './slot.ts';
import { TurnBudget } from './turn-budget.ts';
import { warnOnce } from './warnings.ts';
import { HELD_UP, Watch } from './watch.ts';
import type { StartWorker, WorkerDeath } from './worker-handle.ts';

const settled: Promise<void> = Promise.resolve();

export class Pool implements JobHost, CrewHost {
  readonly counters: PoolCounters = new PoolCounters();
  readonly settings: PoolSettings;
  readonly #line: Line<Slot>;
  readonly #crew: Crew;
  readonly #report: (context: ExceptionContext) => void;
  readonly #batching = new Batching();
  readonly #budget = new TurnBudget();
  readonly #watch = new Watch(() => this.#look());
  #pumpComes = false;
  #burst = false;
  readonly #drained: (() => void)[] = [];
  #killing = 0; // workers that were killed and are not gone yet: their jobs are nowhere else
  #closed = false;

  constructor(settings: PoolSettings, start: StartWorker, report: (context: ExceptionContext) => void) {
    this.settings = settings;
    this.#report = report;
    this.#line = new Line(settings.maxQueue, () => this.#waitingThere);
    this.#crew = new Crew(settings, start, this);
    try {
      this.#crew.grow(settings.min);
    } catch (error) {
      void this.#crew.disband();
      throw error;
    }
  }

  get census(): { workers: number; busy: number; idle: number; queued: number; running: number; respawned: number } {
    let running = 0;
    for (const slot of this.#crew.slots) running += slot.running;
    const { size: workers, idle, respawned } = this.#crew;
    return { workers, busy: workers - idle, idle, queued: this.#line.queued + this.#waitingThere, running, respawned };
  }

  /** Jobs that were sent and wait in a worker behind the running one. */
  get #waitingThere(): number {
    let waiting = 0;
    for (const slot of this.#crew.slots) waiting += slot.waiting;
    return waiting;
  }

  /** Takes a job on: it runs, waits, or ends at once with the reason why it was not accepted. */
  submit(job: Job): void {
    if (job.effective !== null) return void job.endCancelled();
    if (this.#closed) return this.#refuse(job, this.#shutDown('accepts no more jobs'));
    const slot = this.#line.empty && !this.#burst ? this.#slotFor(job) : null;
    if (slot !== null) this.#dispatch(slot, [job], this.#batching.cost(job));
    else if (!job.settled) this.#enqueue(job);
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
      const state = `${max} workers are busy and ${this.#line.queued + this.#waitingThere} jobs wait (maxQueue ${maxQueue})`;
      return this.#refuse(job, new ExecutorFullError(`${name} is full: ${state}; job ${JSON.stringify(job.name)} was refused`));
    }
    this.#line.enter(job);
    this.#limitWait(job);
    if (this.#crew.size < max)
      this.#pump(); // a burst on a cold pool starts the workers at once
    else this.#pumpSoon();
  }

  #limitWait(job: Job): void {
    const { queueTimeout } = job.settings;
    if (queueTimeout === Infinity) return;
    const text = `Job ${JSON.stringify(job.name)} did not start within its queueTimeout of ${queueTimeout} ms`;
    job.expireAt(job.submittedAt + queueTimeout, text);
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

  /** When this burst of submitting is over: what has come by then travels together. */
  #pumpSoon(): void {
    if (this.#pumpComes) return;
    this.#pumpComes = true;
    process.nextTick(this.#pumpNow);
  }

  /** Many jobs have ended at once: those who waited for them go on now, and what they submit shall travel together. */
  #expectBurst(): void {
    if (this.#burst) return;
    this.#burst = true;
    void settled.then(this.#afterBurst);
  }

  /** One microtask later a tick comes after all microtasks; from a callback of the loop it would come before them. */
  readonly #afterBurst = (): void => process.nextTick(this.#pumpNow);

  readonly #pumpNow = (): void => {
    this.#pumpComes = this.#burst = false;
    this.#recallLessUrgent();
    this.#pump();
  };

  /** Gives work to every worker that can take some. */
  #pump(): void {
    while (!this.#line.empty && !this.#budget.exceeded(this.#pumpNow)) {
      const slot = this.#crew.pick() ?? this.#openForNext();
      if (slot === null) break;
      if (!this.#feed(slot, this.#crew.idle + 1)) return this.#crew.rest(slot); // what waits is bound to other workers
    }
    for (const slot of this.#crew.slots) this.#topUp(slot);
  }

  /** Sends more to a worker that will soon be through with what it has. */
  #topUp(slot: Slot): void {
    const { queued } = this.#line;
    if (!this.#batching.wantsMore(slot, queued) || this.#budget.exceeded(this.#pumpNow)) return;
    this.#feed(slot, this.#crew.size);
  }

  #openForNext(): Slot | null {
    while (this.#crew.size < this.settings.max) {
      const job = this.#line.next(null, this.#wakeLater);
      if (job === null) return null;
      const slot = this.#open(job);
      if (slot !== null || !job.settled) return slot;
    }
    return null;
  }

  /** Sends the next jobs to a slot: its share of what waits. False: there are none for it. */
  #feed(slot: Slot, sharers: number): boolean {
    const jobs: Job[] = [];
    let load = 0;
    const most = this.#batching.share(slot, this.#line.queued, sharers);
    while (jobs.length < most) {
      const job = this.#line.best(slot, this.#wakeLater);
      if (job === null) break;
      const cost = this.#batching.cost(job);
      if ((jobs.length > 0 || slot.busy) && !this.#batching.fits(slot, load + cost)) break;
      this.#line.remove(job);
      load += cost;
      jobs.push(job);
    }
    if (jobs.length > 0) this.#dispatch(slot, jobs, load);
    return jobs.length > 0;
  }

  /** A job was bound to this worker, which may be idle. */
  readonly #wakeLater = (slot: Slot): void => {
    if (!slot.busy) queueMicrotask(() => this.#wake(slot));
  };

  #wake(slot: Slot): void {
    if (slot.busy || !this.#crew.slots.has(slot)) return;
    this.#crew.take(slot);
    if (!this.#feed(slot, 1)) this.#crew.rest(slot);
  }

  #dispatch(slot: Slot, jobs: readonly Job[], load: number): void {
    const at = performance.now();
    slot.load += load;
    for (const job of jobs) {
      this.#line.settle(job, slot);
      this.counters.waited(at - job.submittedAt);
      job.stopTimer();
    }
    this.#budget.spend(jobs.length);
    slot.send(jobs);
    for (const job of jobs) if (job.settings.timeout !== Infinity) this.#limit(slot, job, job.settings.timeout);
    if (slot.waiting > 0) this.#watch.start();
  }

  /** Counts from the job's start in the worker, which the control block tells: starting a worker must not count. */
  #limit(slot: Slot, job: Job, timeout: number): void {
    const text = `Job ${JSON.stringify(job.name)} ran longer than its timeout of ${timeout} ms`;
    const check = (): void => {
      const startedAt = slot.startedAt(job);
      const left = startedAt === null ? timeout : startedAt + timeout - realClock.now();
      if (left > 0) this.#checkAt(slot, job, realClock.now() + left, check);
      else job.expire(text);
    };
    this.#checkAt(slot, job, realClock.now() + timeout, check);
  }

  /**
   * Calls back later, if the job is still there. Messages are heard first: when this loop was blocked, a job may have ended in
   * time although nobody knows it yet, and timers come before messages in a turn of the loop.
   */
  #checkAt(slot: Slot, job: Job, when: number, check: () => void): void {
    const stillThere = (): void => void (slot.holds(job) && !job.settled && check());
    job.checkAt(when, () => void setImmediate(stillThere));
  }

  slotFree(slot: Slot, unstarted: readonly Job[], ended: number): void {
    if (!this.#crew.slots.has(slot)) return; // it was dismissed
    this.#putBack(unstarted);
    if (this.#batching.announcesMore(ended)) this.#expectBurst();
    if (slot.retired) this.#replace(slot);
    else this.#goOn(slot);
    this.#checkDrained();
  }

  /** A worker is through with what it had. */
  #goOn(slot: Slot): void {
    this.#line.admit();
    this.#recallHeldUp(); // they are older than what waits in line
    if (this.#budget.exceeded(this.#pumpNow) || !this.#feed(slot, this.#crew.idle + 1)) this.#crew.rest(slot);
  }

  slotAdvanced(slot: Slot, unstarted: readonly Job[]): void {
    if (!this.#crew.slots.has(slot)) return;
    this.#putBack(unstarted);
    if (slot.retired) this.#recall(slot);
    this.#line.admit();
    if (!this.#line.empty) this.#topUp(slot);
    this.#checkDrained();
  }

  /** While workers have several jobs: hears of results that wait behind a long job, and gives what waits there to others. */
  #look(): boolean {
    for (const slot of this.#crew.slots) slot.look();
    if (this.#crew.idle > 0 || this.#crew.size < this.settings.max) {
      this.#recallHeldUp();
      this.#pump();
    }
    for (const slot of this.#crew.slots) if (slot.waiting > 0) return true;
    return false;
  }

  /** Takes back what waits behind a job that takes longer than expected. */
  #recallHeldUp(): void {
    for (const slot of this.#crew.slots) {
      if (slot.waiting === 0 || slot.heldUpFor < HELD_UP) continue;
      slot.stuck = true;
      this.#recall(slot);
    }
  }

  /** A more urgent job has come: what was sent, has not begun and is less urgent goes back into the line. */
  #recallLessUrgent(): void {
    const next = this.#line.peek();
    if (next === null) return;
    const { priority } = next.settings;
    for (const slot of this.#crew.slots) if (slot.leastUrgent > priority) this.#putBack(slot.revokeAbove(priority));
  }

  #recall(slot: Slot): void {
    this.#putBack(slot.revokeAll());
  }

  jobEnded(job: Job, ms: number): void {
    this.#budget.spend(1);
    this.counters.ended(job, ms);
    if (ms > 0) this.#batching.ran(job, ms);
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
    this.#refill(slot);
    this.#checkDrained();
  }

  slotLeaves(slot: Slot): void {
    this.#line.forget(slot);
  }

  /** Jobs that were sent and did not begin are next again. */
  #putBack(jobs: readonly Job[]): void {
    for (const job of jobs) if (job.effective !== null) this.#endCancelled(job, 0);
    const others = jobs.filter((job) => !job.settled);
    if (others.length > 0) this.#line.putBack(others);
    for (const job of others) this.#limitWait(job);
  }

  #replace(slot: Slot): void {
    void this.#crew.dismiss(slot, true);
    this.#refill(slot);
  }

  /** Starts what is needed in place of a worker that is gone. One that could not start would only fail again. */
  #refill(gone: Slot): void {
    this.#pump();
    if (this.#closed || gone.failedStart) return;
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
    } else for (const slot of this.#crew.slots) if (slot.holds(job)) this.#stop(slot, job, error);
    this.#checkDrained();
  }

  #endCancelled(job: Job, ms: number): void {
    if (job.endCancelled()) this.counters.ended(job, ms);
  }

  /** The three steps: take back what has not begun; ask what runs; kill the worker after the grace. */
  #stop(slot: Slot, job: Job, error: CancelledError): void {
    if (slot.revoke(job)) return this.#endCancelled(job, 0);
    slot.requestCancel(job, error);
    const { onCancel, grace } = job.settings;
    if (onCancel === 'abandon') this.#endCancelled(job, 0);
    else if (onCancel === 'terminate') this.#checkAt(slot, job, realClock.now() + grace, () => this.#killFor(job, slot));
  }

  /** Nothing else must be begun there from now on: who runs when the worker is killed is lost, and must be that job. */
  #killFor(job: Job, slot: Slot): void {
    this.#recall(slot);
    if (slot.runs(job)) void this.#kill(slot);
    this.#pump();
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
    this.#crew.grow(this.settings.max);
    await Promise.all([...this.#crew.slots].map((slot) => slot.warmup()));
  }

  async shutdown(timeout: number, cancelPending: boolean): Promise<void> {
    this.#closed = true;
    if (cancelPending) this.#cancelWaiting();
    const limit = timeout === Infinity ? null : realClock.setTimer(realClock.now() + timeout, () => this.#abort(timeout));
    if (!this.#isDrained()) await new Promise<void>((resolve) => this.#drained.push(resolve));
    limit?.[Symbol.dispose]();
    this.#watch.stop();
    await this.#crew.disband();
  }

  /** Jobs that have not begun, wherever they are. */
  #cancelWaiting(): void {
    for (const slot of this.#crew.slots) this.#recall(slot);
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
      void this.#kill(slot);
    }
    this.#checkDrained();
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
