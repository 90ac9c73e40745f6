/**
 * Who is next: the queue, the jobs held back above `maxQueue`, and those that are bound to one worker by their affinity key.
 */
import type { Job } from './job.ts';
import { JobQueue } from './job-queue.ts';

/** A worker as the line sees it. */
export interface Home {
  /** Jobs that must run there. */
  readonly bound: JobQueue;
}

/** Keys remembered at once; the one used longest ago is forgotten first. */
const MAX_KEYS = 10_000;

export class Line<H extends Home> {
  readonly #queue = new JobQueue();
  readonly #held = new JobQueue();
  readonly #homes = new Map<string, H>();
  readonly #owed = new Set<H>(); // workers that jobs are bound to
  readonly #pinned = new Map<Job, H>(); // jobs that run in one worker or nowhere
  readonly #maxQueue: number;
  readonly #ahead: () => number;
  #bound = 0;

  /** `ahead`: how many jobs have left the line and wait in a worker; they take up places in the queue as well. */
  constructor(maxQueue: number, ahead: () => number = () => 0) {
    this.#maxQueue = maxQueue;
    this.#ahead = ahead;
  }

  /** Jobs in the queue, bound ones included. */
  get queued(): number {
    return this.#queue.size + this.#bound;
  }

  /** Jobs that wait for a place in the queue. */
  get held(): number {
    return this.#held.size;
  }

  get empty(): boolean {
    return this.#queue.size === 0 && this.#held.size === 0;
  }

  get full(): boolean {
    return this.#maxQueue !== Infinity && this.queued + this.#ahead() >= this.#maxQueue;
  }

  enter(job: Job): void {
    job.phase = this.full ? 'held' : 'queued';
    (job.phase === 'held' ? this.#held : this.#queue).push(job);
  }

  /** Jobs, oldest first, that were sent and did not begin go to the head of the line: they were next. */
  putBack(jobs: readonly Job[]): void {
    for (const job of jobs) job.phase = 'queued';
    this.#queue.putBack(jobs);
  }

  remove(job: Job): void {
    if (job.list?.bound === true) this.#bound--;
    job.list?.remove(job);
    this.admit();
  }

  /** Puts a job in the line of one worker, for good; the limit of the queue does not count. */
  pin(job: Job, home: H): void {
    this.#pinned.set(job, home);
    job.onSettled(() => this.#pinned.delete(job));
    this.#bind(job, home);
  }

  /** Some job is pinned to it. */
  owes(home: H): boolean {
    for (const pin of this.#pinned.values()) if (pin === home) return true;
    return false;
  }

  #bind(job: Job, home: H): void {
    job.phase = 'queued';
    home.bound.push(job);
    this.#owed.add(home);
    this.#bound++;
  }

  homeOf(job: Job): H | undefined {
    const pin = this.#pinned.size === 0 ? undefined : this.#pinned.get(job);
    if (pin !== undefined) return pin;
    const { affinity } = job.settings;
    return affinity === undefined ? undefined : this.#homes.get(affinity);
  }

  /** Remembers where a job ran, for the next ones of its key. */
  settle(job: Job, home: H): void {
    const { affinity } = job.settings;
    if (affinity === undefined) return;
    this.#homes.delete(affinity);
    this.#homes.set(affinity, home);
    if (this.#homes.size > MAX_KEYS) this.#homes.delete(this.#homes.keys().next().value as string);
  }

  /** The next job for this worker, by priority and then by age, still in line. */
  best(home: H, moved: (to: H) => void): Job | null {
    const common = this.next(home, moved);
    const bound = home.bound.peek();
    return bound === null || (common !== null && before(common, bound)) ? common : bound;
  }

  /** Takes it out. */
  take(home: H, moved: (to: H) => void): Job | null {
    const job = this.best(home, moved);
    if (job !== null) this.remove(job);
    return job;
  }

  /**
   * The first job that a worker (null: a new one) may run, still in line. Jobs met on the way that belong to another worker
   * move to that worker's own list; `moved` hears of it.
   */
  next(home: H | null, moved: (to: H) => void): Job | null {
    for (let job = this.peek(); job !== null; job = this.peek()) {
      const other = this.homeOf(job);
      if (other === undefined || other === home) return job;
      job.list?.remove(job);
      this.#bind(job, other);
      moved(other);
    }
    return null;
  }

  /** The most urgent job that waits, whoever may run it. */
  peek(): Job | null {
    return this.#queue.peek() ?? this.#held.peek();
  }

  /** Lets held jobs into the queue while there is a place. */
  admit(): void {
    while (this.#held.size > 0 && !this.full) {
      const job = this.#held.shift() as Job;
      job.phase = 'queued';
      this.#queue.push(job);
    }
  }

  /** A worker is gone: its keys are free, and what was bound to it is next for any. Returns what was pinned to it, out of line. */
  forget(home: H): Job[] {
    for (const [key, h] of this.#homes) if (h === home) this.#homes.delete(key);
    this.#owed.delete(home);
    const jobs = home.bound.toArray();
    for (const job of jobs) job.list?.remove(job);
    this.#bound -= jobs.length;
    const orphans = [...this.#pinned].filter(([, h]) => h === home).map(([job]) => job);
    for (const job of orphans) {
      this.#pinned.delete(job);
      job.list?.remove(job); // it was sent, taken back, and not moved to its worker's line yet
    }
    this.#queue.putBack(orphans.length === 0 ? jobs : jobs.filter((job) => !orphans.includes(job)));
    return orphans;
  }

  /** Every job that waits, at this moment: for a shutdown that cancels them. */
  toArray(): Job[] {
    const bound = [...this.#owed].flatMap((home) => home.bound.toArray());
    return [...this.#queue.toArray(), ...bound, ...this.#held.toArray()];
  }
}

function before(a: Job, b: Job): boolean {
  const byPriority = a.settings.priority - b.settings.priority;
  return byPriority < 0 || (byPriority === 0 && a.id < b.id);
}
