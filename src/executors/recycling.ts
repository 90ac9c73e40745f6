/**
 * When a worker has served long enough: after so many jobs, or when its heap has grown too large. It ends in order, and another
 * takes its place. Not all at once: each worker has a limit of its own, and one waits while another is still starting up.
 */
import type { PoolSettings } from './options.ts';

/** A worker, as far as it matters here. */
export interface Veteran {
  readonly isReady: boolean;
  /** How many jobs it has ended, and how many it should. */
  readonly done: number;
  readonly jobLimit: number;
  /** Megabytes, after a recent job; 0 when nobody asked. */
  readonly heapUsed: number;
}

/** Limits are spread over this share of `recycleAfterJobs`, downwards. */
const SPREAD = 0.25;
/** Who waits for its turn does so many jobs more at most, as a share of its limit. */
const PATIENCE = 0.5;
const GOLDEN = 0.618_033_988_75; // multiples of it, less the whole part, lie far apart however many there are

export class Recycling {
  /** How many workers were replaced. */
  recycled = 0;
  readonly #jobs: number;
  readonly #heap: number;
  readonly #alone: boolean;
  #started = 0;

  constructor({ recycleAfterJobs, recycleAboveHeapMb, max }: Pick<PoolSettings, 'recycleAfterJobs' | 'recycleAboveHeapMb' | 'max'>) {
    this.#jobs = recycleAfterJobs;
    this.#heap = recycleAboveHeapMb;
    this.#alone = max === 1;
  }

  /** For a worker that is started now: how many jobs it should do. */
  nextLimit(): number {
    if (this.#jobs === Infinity || this.#alone) return this.#jobs;
    const share = (this.#started++ * GOLDEN) % 1;
    return this.#jobs - Math.floor(share * SPREAD * this.#jobs);
  }

  /** Whether a worker that is between jobs should be replaced now. `all` are the workers of the pool. */
  isDue(worker: Veteran, all: Iterable<Veteran>): boolean {
    const { done, jobLimit, heapUsed } = worker;
    if (done < jobLimit && heapUsed <= this.#heap) return false;
    if (done >= jobLimit + Math.floor(jobLimit * PATIENCE)) return true;
    for (const other of all) if (!other.isReady) return false;
    return true;
  }
}
