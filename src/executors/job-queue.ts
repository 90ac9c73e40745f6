/**
 * Jobs that wait: lower priority number first, first come first served within one. Every removal is O(1): the lists are
 * intrusive; choosing among priorities is a heap.
 */
import { MinHeap } from '../base/heap.ts';
import type { Job, JobList } from './job.ts';

class JobFifo implements JobList {
  first: Job | null = null;
  #last: Job | null = null;
  readonly #queue: JobQueue;

  constructor(queue: JobQueue) {
    this.#queue = queue;
  }

  get bound(): boolean {
    return this.#queue.bound;
  }

  push(job: Job): void {
    const last = this.#last;
    job.list = this;
    job.ahead = last;
    if (last === null) this.first = job;
    else last.behind = job;
    this.#last = job;
    this.#queue.size++;
  }

  /** Puts a job that left the line back in its place by age, which is at or near the head. */
  insert(job: Job): void {
    let ahead: Job | null = null;
    let behind = this.first;
    while (behind !== null && behind.id < job.id) {
      ahead = behind;
      behind = behind.behind;
    }
    job.list = this;
    job.ahead = ahead;
    job.behind = behind;
    if (ahead === null) this.first = job;
    else ahead.behind = job;
    if (behind === null) this.#last = job;
    else behind.ahead = job;
    this.#queue.size++;
  }

  remove(job: Job): void {
    const { ahead, behind } = job;
    if (ahead === null) this.first = behind;
    else ahead.behind = behind;
    if (behind === null) this.#last = ahead;
    else behind.ahead = ahead;
    job.list = job.ahead = job.behind = null;
    if (--this.#queue.size === 0) this.#queue.forgetPriorities();
  }
}

export class JobQueue {
  size = 0;
  /** True for the list of one worker's own jobs. */
  readonly bound: boolean;
  readonly #byPriority = new Map<number, JobFifo>();
  #priorities = new MinHeap();

  constructor(bound = false) {
    this.bound = bound;
  }

  push(job: Job): void {
    this.#fifo(job.settings.priority).push(job);
  }

  /** Puts back jobs, oldest first, that were taken out but did not start: each into its place by age. */
  putBack(jobs: readonly Job[]): void {
    // From the youngest on: each then belongs ahead of the one before, and the search for its place ends at once.
    for (let i = jobs.length - 1; i >= 0; i--) this.#fifo((jobs[i] as Job).settings.priority).insert(jobs[i] as Job);
  }

  #fifo(priority: number): JobFifo {
    let fifo = this.#byPriority.get(priority);
    if (fifo === undefined) {
      fifo = new JobFifo(this);
      this.#byPriority.set(priority, fifo);
      this.#priorities.push(priority);
    }
    return fifo;
  }

  /** The job that goes next, still in line. */
  peek(): Job | null {
    if (this.size === 0) return null;
    for (;;) {
      const priority = this.#priorities.min as number;
      const first = (this.#byPriority.get(priority) as JobFifo).first;
      if (first !== null) return first;
      // An empty list must not stay: priorities may be timestamps.
      this.#priorities.pop();
      this.#byPriority.delete(priority);
    }
  }

  /** Empty lists must not stay when there is nothing to look for behind them. @internal */
  forgetPriorities(): void {
    if (this.#byPriority.size === 1) return; // nearly always: all jobs have the same priority
    this.#byPriority.clear();
    this.#priorities = new MinHeap();
  }

  shift(): Job | null {
    const job = this.peek();
    job?.list?.remove(job);
    return job;
  }

  /** A copy, by priority and age. */
  toArray(): Job[] {
    const jobs: Job[] = [];
    for (const p of [...this.#byPriority.keys()].sort((a, b) => a - b)) {
      for (let job = (this.#byPriority.get(p) as JobFifo).first; job !== null; job = job.behind) jobs.push(job);
    }
    return jobs;
  }
}
