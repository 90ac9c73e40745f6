/**
 * The jobs that are on their way to one worker, and in it: in the order in which they were sent, by sequence number. Who has
 * begun, and what was taken back, is in the control block that both sides share.
 */
import { nextSequence, RING, wallClock } from '../wire/control.ts';
import type { LoopControl } from '../wire/control.ts';
import type { Job } from './job.ts';

const MASK = RING - 1;

export class InFlight {
  readonly #control: LoopControl;
  /** null = taken back, but the worker has yet to go past it. */
  readonly #ring: (Job | null)[] = [];
  #head = 1;
  #next = 1;
  #live = 0; // how many of them were not taken back

  constructor(control: LoopControl) {
    this.#control = control;
  }

  /** How many the worker has not told the outcome of, taken back ones included. */
  get size(): number {
    return nextSequence(this.#next, -this.#head);
  }

  /** Without those that were taken back. */
  get live(): number {
    return this.#live;
  }

  /** The sequence number of the next job that is added. */
  get next(): number {
    return this.#next;
  }

  get jobs(): Job[] {
    const jobs: Job[] = [];
    for (let s = this.#head; s !== this.#next; s = nextSequence(s)) {
      const job = this.#ring[s & MASK];
      if (job) jobs.push(job);
    }
    return jobs;
  }

  /** Before they are posted: the worker may be quick. */
  add(jobs: readonly Job[]): void {
    const first = this.#next;
    for (let i = 0; i < jobs.length; i++) this.#ring[(first + i) & MASK] = jobs[i] as Job;
    this.#control.offer(first, jobs.length);
    this.#next = nextSequence(first, jobs.length);
    this.#live += jobs.length;
  }

  /** The youngest were not posted after all. */
  drop(count: number): void {
    this.#next = nextSequence(this.#next, -count);
    this.#live -= count;
    for (let i = 0; i < count; i++) this.#ring[nextSequence(this.#next, i) & MASK] = null;
  }

  clear(): void {
    for (let s = this.#head; s !== this.#next; s = nextSequence(s)) this.#ring[s & MASK] = null;
    this.#head = this.#next;
    this.#live = 0;
  }

  /** Takes out the oldest, whose outcome came; null when it had been taken back. */
  shift(): Job | null {
    const place = this.#head & MASK;
    const job = this.#ring[place] as Job | null;
    this.#ring[place] = null;
    this.#head = nextSequence(this.#head);
    if (job !== null) this.#live--;
    return job;
  }

  /** Takes out the oldest ones that are over without a message: their results stand in the control block. */
  collect(ended: (job: Job, value: unknown, ms: number) => void): void {
    const control = this.#control;
    while (this.#head !== this.#next) {
      const sequence = this.#head;
      const kept = control.isKept(sequence);
      if (!kept && !(this.#ring[sequence & MASK] === null && control.hasPassed(sequence))) return;
      const job = this.shift();
      if (job !== null && kept) ended(job, control.kept(sequence), control.keptTime(sequence));
    }
  }

  holds(job: Job): boolean {
    return this.#ring[job.sequence & MASK] === job;
  }

  hasBegun(job: Job): boolean {
    return this.#control.hasBegun(job.sequence);
  }

  /** It has begun and not ended. */
  runs(job: Job): boolean {
    return this.holds(job) && this.#control.isRunning(job.sequence);
  }

  byId(id: number): Job | undefined {
    return this.jobs.find((job) => job.id === id);
  }

  /** When the job began that runs now, on the scale of `performance.now()`; null = it has not. */
  startedAt(job: Job): number | null {
    const { current, startedAt } = this.#control;
    return this.runs(job) && current === job.sequence && startedAt !== 0 ? startedAt - performance.timeOrigin : null;
  }

  /** Milliseconds since the job began that was begun last; Infinity while its module is being loaded. */
  get runsFor(): number {
    const { startedAt } = this.#control;
    return startedAt === 0 ? Infinity : wallClock() - startedAt;
  }

  /** Takes a job back if the worker has not begun it. False: it runs, or has run. */
  revoke(job: Job): boolean {
    if (!this.#control.takeBack(job.sequence)) return false;
    this.#ring[job.sequence & MASK] = null;
    this.#live--;
    return true;
  }

  /** Takes back all that has not begun, and returns it, oldest first. */
  revokeAll(): Job[] {
    return this.#revoke(this.#head, () => true);
  }

  /** Takes back what has not begun and is less urgent than this; the oldest is as good as begun. */
  revokeAbove(priority: number): Job[] {
    return this.#revoke(nextSequence(this.#head), (job) => job.settings.priority > priority);
  }

  #revoke(from: number, wanted: (job: Job) => boolean): Job[] {
    const back: Job[] = [];
    // From the youngest on: what the worker begins meanwhile is older.
    for (let s = this.#next; s !== from && s !== this.#head;) {
      s = nextSequence(s, -1);
      const job = this.#ring[s & MASK];
      if (job && wanted(job) && this.revoke(job)) back.push(job);
    }
    return back.reverse();
  }
}
