/**
 * Brings the jobs that wait to the workers that can take some: who gets how many, and when.
 *
 * A job for which a worker is idle leaves at once. The others wait for the end of the burst they came in, and leave together.
 * What was sent and has not begun is taken back when a worker turns out to be held up, or when something more urgent comes.
 */
import { Batching } from './batching.ts';
import type { Crew } from './crew.ts';
import type { Job } from './job.ts';
import type { Line } from './line.ts';
import type { PoolSettings } from './options.ts';
import type { Slot } from './slot.ts';
import { limitSent } from './time-limits.ts';
import { TurnBudget } from './turn-budget.ts';
import { HELD_UP, Watch } from './watch.ts';

export interface FeederHost {
  /** Starts a worker for this job, which is told when that is impossible. */
  open(job: Job): Slot | null;
  /** They were sent and have not begun: they are next again. */
  readonly putBack: (jobs: readonly Job[]) => void;
}

const settled: Promise<void> = Promise.resolve();

export class Feeder {
  readonly #settings: PoolSettings;
  readonly #line: Line<Slot>;
  readonly #crew: Crew;
  readonly #host: FeederHost;
  readonly #batching = new Batching();
  readonly #budget = new TurnBudget();
  readonly #watch = new Watch(() => this.#look());
  #pumpComes = false;
  #burst = false;

  constructor(settings: PoolSettings, line: Line<Slot>, crew: Crew, host: FeederHost) {
    this.#settings = settings;
    this.#line = line;
    this.#crew = crew;
    this.#host = host;
  }

  /** Jobs that are submitted now shall wait for each other, although a worker may be idle. A limited queue has no place for that. */
  get collects(): boolean {
    return this.#burst && this.#settings.maxQueue === Infinity;
  }

  /** Sends a job that need not wait to an idle worker. */
  give(slot: Slot, job: Job): void {
    this.#dispatch(slot, [job], this.#batching.cost(job));
  }

  /** When this burst of submitting is over: what has come by then travels together. */
  pumpSoon(): void {
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
    this.pump();
  };

  /** Gives work to every worker that can take some. */
  pump(): void {
    while (!this.#line.empty && !this.#budget.exceeded(this.#pumpNow)) {
      const slot = this.#crew.pick() ?? this.#openForNext();
      if (slot === null) break;
      if (this.#feed(slot, this.#crew.idle + 1)) continue;
      this.#crew.rest(slot); // what waits is bound to other workers
      break;
    }
    let sharers = this.#crew.size;
    for (const slot of this.#crew.slots) this.#topUp(slot, sharers--);
    this.#wakeBound();
  }

  /** A worker that went to rest because the turn had had enough may have jobs of its own, which nobody else takes. */
  #wakeBound(): void {
    for (const slot of this.#crew.slots) {
      if (slot.busy || slot.bound.peek() === null) continue;
      if (this.#budget.exceeded(this.#pumpNow)) return;
      this.#wake(slot);
    }
  }

  /** Sends more to a worker that will soon be through with what it has. */
  #topUp(slot: Slot, sharers: number): void {
    const { queued } = this.#line;
    if (this.#crew.recycling.isDue(slot, this.#crew.slots)) return; // it is replaced when it is through
    if (!this.#batching.wantsMore(slot, queued) || this.#budget.exceeded(this.#pumpNow)) return;
    this.#feed(slot, sharers);
  }

  #openForNext(): Slot | null {
    while (this.#crew.size < this.#settings.max) {
      const job = this.#line.next(null, this.wakeLater);
      if (job === null) return null;
      const slot = this.#host.open(job);
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
      const job = this.#line.best(slot, this.wakeLater);
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
  readonly wakeLater = (slot: Slot): void => {
    if (!slot.busy) queueMicrotask(() => this.#wake(slot));
  };

  #wake(slot: Slot): void {
    if (slot.busy || !this.#crew.slots.has(slot)) return;
    this.#crew.take(slot);
    if (!this.#feed(slot, 1)) this.#crew.rest(slot);
  }

  #dispatch(slot: Slot, jobs: readonly Job[], load: number): void {
    slot.load += load;
    for (const job of jobs) {
      this.#line.settle(job, slot);
      job.stopTimer();
    }
    this.#budget.spend(jobs.length);
    slot.send(jobs);
    for (const job of jobs) limitSent(slot, job, this.#host.putBack);
    if (slot.waiting > 0) this.#watch.start();
  }

  ended(job: Job, ms: number): void {
    this.#budget.spend(1);
    if (ms > 0) this.#batching.ran(job, ms);
  }

  /** A worker is through with what it had; so many of its jobs have just ended. */
  goOn(slot: Slot, ended: number): void {
    if (this.#batching.announcesMore(ended)) this.#expectBurst();
    this.#line.admit();
    this.#recallHeldUp(); // they are older than what waits in line
    if (this.#budget.exceeded(this.#pumpNow) || !this.#feed(slot, this.#crew.idle + 1)) this.#crew.rest(slot);
  }

  /** Some of its jobs have ended. */
  advanced(slot: Slot): void {
    if (slot.retired) this.recall(slot);
    this.#line.admit();
    this.#recallHeldUp();
    if (!this.#line.empty) this.#topUp(slot, this.#crew.size);
  }

  /** While workers have several jobs: hears of results that wait behind a long job, and gives what waits there to others. */
  #look(): boolean {
    for (const slot of this.#crew.slots) slot.look();
    if (this.#crew.idle > 0 || this.#crew.size < this.#settings.max) {
      this.#recallHeldUp();
      this.pump();
    }
    for (const slot of this.#crew.slots) if (slot.waiting > 0) return true;
    return false;
  }

  /** Takes back what waits behind a job that takes longer than expected. */
  #recallHeldUp(): void {
    for (const slot of this.#crew.slots) {
      if (slot.waiting === 0 || slot.heldUpFor < HELD_UP) continue;
      slot.stuck = true;
      this.recall(slot);
    }
  }

  /** A more urgent job has come: what was sent, has not begun and is less urgent goes back into the line. */
  #recallLessUrgent(): void {
    const next = this.#line.peek();
    if (next === null) return;
    const { priority } = next.settings;
    for (const slot of this.#crew.slots) if (slot.leastUrgent > priority) this.#host.putBack(slot.revokeAbove(priority));
  }

  recall(slot: Slot): void {
    this.#host.putBack(slot.revokeAll());
  }

  stop(): void {
    this.#watch.stop();
  }
}
