/**
 * What is in progress in this worker, for the lag monitor of the thread that started it. Without one each async job costs one
 * look at shared memory, and nothing of the monitor is loaded.
 */
import { wishIn } from '../src/base/worker-loops.ts';
import type { LoopWish, WorkerLoop } from '../src/base/worker-loops.ts';
import { resourcesInFlight } from './in-flight.ts';
import type { InProgress, WorkerBeater } from '../src/monitor/worker-beater.ts';

/** Tests look at the heartbeat without a clock. */
export type StartBeater = (heartbeat: SharedArrayBuffer, wish: LoopWish, inProgress: InProgress) => Promise<WorkerBeater>;

const startBeater: StartBeater = async (...args) => {
  const { WorkerBeater: Beater } = await import('../src/monitor/worker-beater.ts');
  return new Beater(...args);
};

/** A job or a call. */
export interface Work {
  readonly ties: { readonly waiting?: number } | null;
}

export class LoopWatch implements InProgress {
  readonly #loop: WorkerLoop;
  readonly #words: Int32Array;
  readonly #startBeater: StartBeater;
  /** And when it began: on `process.hrtime`, in milliseconds. */
  readonly #waiting = new Map<Work, number>();
  calls = 0;
  #beater: WorkerBeater | null = null;
  #wish: LoopWish | null = null;

  constructor(loop: WorkerLoop, start: StartBeater = startBeater) {
    this.#loop = loop;
    this.#words = new Int32Array(loop.wish);
    this.#startBeater = start;
  }

  /** Loads what a monitor that is there already will need. */
  async getReady(): Promise<void> {
    const wish = wishIn(this.#words);
    if (wish !== null) await this.#follow(wish);
  }

  /** A job or call has returned a promise: from now on it waits. */
  began(work: Work): void {
    const wish = wishIn(this.#words);
    if (wish === null) {
      if (this.#wish !== null) this.#stop();
      return;
    }
    this.#waiting.set(work, now());
    if (this.#wish?.threshold !== wish.threshold || this.#wish.heartbeat !== wish.heartbeat) void this.#follow(wish);
    else this.#beater?.wake();
  }

  /** A call of an actor begins, beside those that wait. */
  called(): void {
    this.calls++;
  }

  ended(work: Work): void {
    if (this.#waiting.size > 0) this.#waiting.delete(work);
  }

  get sideBySide(): number {
    let waits = resourcesInFlight();
    for (const work of this.#waiting.keys()) waits += work.ties?.waiting ?? 0;
    return Math.max(waits, this.#waiting.size);
  }

  get any(): boolean {
    return this.#waiting.size > 0 && wishIn(this.#words) !== null;
  }

  anySince(time: number): boolean {
    for (const began of this.#waiting.values()) if (began <= time) return true;
    return false;
  }

  async #follow(wish: LoopWish): Promise<void> {
    this.#beater?.end();
    this.#beater = null;
    this.#wish = wish;
    try {
      const beater = await this.#startBeater(this.#loop.heartbeat, wish, this);
      if (this.#wish !== wish) return beater.end(); // it is another's by now, or nobody's
      this.#beater = beater;
      if (this.any) beater.wake();
    } catch {
      // a monitor never harms: this loop is not followed
    }
  }

  #stop(): void {
    this.#waiting.clear();
    this.#beater?.end();
    this.#beater = null;
    this.#wish = null;
  }
}

const now = (): number => Number(process.hrtime.bigint()) / 1e6;
