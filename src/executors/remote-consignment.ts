/** A shipment on its way, as its submitter sees it: the jobs it carries, and how far it has come. */
import { randomUUID } from 'node:crypto';
import type { Job } from './job.ts';

/** `packed` = waits for the server; `sending` = the server may have it; `accepted` = the server has it; `over` = all its jobs have ended. */
export type ConsignmentPhase = 'packed' | 'sending' | 'accepted' | 'over';

/** BullMQ takes 1 to this; jobs without a priority would run before all others. */
const LOWEST_PRIORITY = 2 ** 21 - 1;
const NEUTRAL = 2 ** 20;

/** Lower runs first, on both sides. Fractions are rounded, and what is beyond ± a million is as good as that. */
export function queuePriority(priority: number): number {
  return Math.min(LOWEST_PRIORITY, Math.max(1, NEUTRAL + Math.round(priority)));
}

export class Consignment {
  /** A UUID: adding it a second time, after an uncertain first, changes nothing. */
  readonly id: string = randomUUID();
  /** The name of the function on the queue. */
  readonly fn: string;
  readonly jobs: readonly Job[];
  readonly priority: number;
  /** As it lies in the queue, once it is packed. */
  text: string | null = null;
  phase: ConsignmentPhase = 'packed';
  /** When the server was last asked about it, or had accepted it. */
  seenAt = 0;
  /** The highest number of a delivery that was heard of. */
  attempt = 0;
  /** Jobs that were told to stop: there are tombstones to be cleared away. */
  marked = false;
  /** Its result has come and is being read. */
  reading = false;
  readonly #started = new Set<number>();

  constructor(fn: string, jobs: readonly Job[]) {
    this.fn = fn;
    this.jobs = jobs;
    this.priority = queuePriority(Math.min(...jobs.map((job) => job.settings.priority)));
  }

  get over(): boolean {
    return this.phase === 'over';
  }

  get open(): boolean {
    return this.jobs.some((job) => !job.settled);
  }

  /** False for what an earlier delivery still says: a worker that was frozen, or thought dead. */
  hear(attempt: number): boolean {
    if (attempt < this.attempt) return false;
    this.attempt = attempt;
    return true;
  }

  started(job: number): void {
    this.#started.add(job);
  }

  /** How many of its jobs are known to have begun and not to have ended. */
  get running(): number {
    let n = 0;
    for (const i of this.#started) if (this.jobs[i]?.settled === false) n++;
    return n;
  }
}
