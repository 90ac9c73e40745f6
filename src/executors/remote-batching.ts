/**
 * How many jobs travel in one shipment. A shipment costs the server and both sides some hundred microseconds, so jobs that take
 * less are sent together, when there are several; those that take longer, or of which nothing is known, go alone, and so does
 * every job that is not in a crowd.
 */
import { Estimates } from './estimate.ts';
import type { Job } from './job.ts';

/** Milliseconds: a job that takes longer travels alone. */
const DEAR = 0.5;
/** Milliseconds of work per shipment, as estimated. */
const LOAD = 10;
/** Jobs per shipment. */
const MOST = 100;
/** Bytes per shipment, as estimated. */
const BYTES = 32 * 1024;

export class RemoteBatching {
  readonly #estimates = new Estimates();
  readonly #bytes = new Map<number, number>();

  ran(job: Job, ms: number): void {
    this.#estimates.add(job.fn.id, ms);
  }

  /** What a job of the function weighed, sealed. The largest counts. */
  weighed(job: Job, bytes: number): void {
    this.#bytes.set(job.fn.id, Math.max(bytes, this.#bytes.get(job.fn.id) ?? 0));
  }

  /** Jobs for one shipment each, in their order within one function and priority. */
  split(jobs: readonly Job[]): Job[][] {
    if (jobs.length === 1) return [[...jobs]];
    const groups: Job[][] = [];
    const open = new Map<string, Job[]>();
    for (const job of jobs) {
      const most = this.#most(job);
      const key = `${job.fn.id} ${job.settings.priority}`;
      let group = most === 1 ? undefined : open.get(key);
      if (group === undefined || group.length >= most) {
        groups.push((group = []));
        if (most > 1) open.set(key, group);
      }
      group.push(job);
    }
    return groups;
  }

  #most(job: Job): number {
    if (job.ties !== null || job.settings.queueTimeout !== Infinity) return 1; // it must be possible to take it back alone
    const ms = this.#estimates.of(job.fn.id);
    const bytes = this.#bytes.get(job.fn.id);
    if (ms > DEAR || bytes === undefined) return 1;
    return Math.max(1, Math.min(MOST, Math.floor(LOAD / Math.max(ms, 0.01)), Math.floor(BYTES / bytes)));
  }
}
