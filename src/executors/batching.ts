/**
 * How many jobs go to a worker at once. Cheap ones travel many per message, because a message costs more than they do; dear
 * ones, and those of which nothing is known, alone. What is sent is enough to keep the worker busy until it is heard again, and
 * no more: whoever comes later with a better claim must not find everything given away.
 */
import { mayMove } from '../wire/transfer.ts';
import { Estimates } from './estimate.ts';
import type { Job } from './job.ts';
import type { Slot } from './slot.ts';

/** Milliseconds of work, as estimated, on their way to one worker. */
const LOAD = 1;
/** A job that takes longer than this travels alone. */
const DEAR = LOAD / 4;
/** Jobs per message: the loop must not be busy for long with one. */
const MAX_BATCH = 256;
/** Jobs that are worth a message of their own although the worker is busy. */
const WORTH_IT = 32;
/** Jobs that end at once. */
const BURST = 4;
/** Milliseconds: no job is free, whatever was measured. */
const LEAST = 0.001;

export class Batching {
  readonly #estimates = new Estimates();

  ran(job: Job, ms: number): void {
    this.#estimates.add(job.fn.id, ms);
  }

  /** Milliseconds that the job will take; Infinity for one that must travel alone. */
  cost(job: Job): number {
    if (job.settings.queueTimeout !== Infinity) return Infinity; // its time is up when it is sent, not when it begins
    if (job.ties !== null) return Infinity; // a stream ends when its consumer likes, and a callback waits for the loop
    if (mayMove(job.args)) return Infinity; // moved to a worker that dies before it begins, it could not go elsewhere
    const ms = this.#estimates.of(job.fn.id);
    return ms > DEAR ? Infinity : Math.max(ms, LEAST);
  }

  /** Whether so much may be sent behind what the slot has. */
  fits(slot: Slot, cost: number): boolean {
    return slot.load + cost <= LOAD;
  }

  /** How many of `queued` jobs the slot may be given, which `sharers` slots want. One that starts up keeps the others waiting. */
  share(slot: Slot, queued: number, sharers: number): number {
    if (!slot.isReady) return 1;
    return Math.min(MAX_BATCH, slot.room, Math.max(1, Math.ceil(queued / sharers)));
  }

  /** Whether a busy slot should get more: one large message later is better than many small ones now. */
  wantsMore(slot: Slot, queued: number): boolean {
    if (queued < WORTH_IT || !slot.busy || !slot.isReady || slot.stuck || slot.retired) return false;
    return slot.load < LOAD / 2 && slot.inFlight <= Math.min(queued, MAX_BATCH / 2);
  }

  /** Whether so many jobs that ended at once let expect as many new ones, from those who waited for them. */
  announcesMore(ended: number): boolean {
    return ended >= BURST;
  }
}
