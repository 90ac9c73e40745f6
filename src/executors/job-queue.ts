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

  unshift(job: Job): void {
    const first = this.first;
    job.list = this;
    job.behind = first;
    if (first === null) this.#last = job;
    else first.ahead = job;
    this.first = job;
    this.#queue.size++;
  }

  remove(job: Job): void {
    const { ahead, behind } = job;
    if (ahead === null) this.first = behind;
    else ahead.behind = behind;
    if (behind === null) this.#last = ahead;
    else behind.ahead = ahead;
    job.list = job.ahead = job.behind = null;
    this.#queue.size--;
  }
}

export class JobQueue {
  size = 0;
  /** True for the list of one worker's own jobs. */
  readonly bound: boolean;
  readonly #byPriority = new Map<number, JobFifo>();
  readonly #priorities = new MinHeap();

  constructor(bound = false) {
    this.bound = bound;
  }

  push(job: Job): void {
    this.#fifo(job.settings.priority).push(job);
  }

  /** Puts back a job that was taken out but did not start, ahead of all of its priority. */
  unshift(job: Job): void {
    this.#fifo(job.settings.priority).unshift(job);
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

  shift(): Job | null {
    const job = this.peek();
    job?.list?.remove(job);
    return job;
  }

  /** A copy, by priority and age: the caller may remove jobs meanwhile. */
  *[Symbol.iterator](): Generator<Job, void, void> {
    const jobs: Job[] = [];
    for (const p of [...this.#byPriority.keys()].sort((a, b) => a - b)) {
      for (let job = (this.#byPriority.get(p) as JobFifo).first; job !== null; job = job.behind) jobs.push(job);
    }
    yield* jobs;
  }
}
