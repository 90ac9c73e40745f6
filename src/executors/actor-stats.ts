/** What is counted of an actor: the calls of its methods and the reads of its properties. */
import { LogHistogram } from './log-histogram.ts';
import type { Percentiles } from './percentiles.ts';

/** The figures of an actor since it was made; a snapshot of a LoopMonitor shows them. Times in milliseconds. */
export interface ActorStats {
  kind: 'actor';
  /** Calls under way. */
  running: number;
  completed: number;
  failed: number;
  cancelled: number;
  /** Milliseconds from a call to its answer. Of a generator: to its start. */
  callTime: Percentiles;
}

export type CallEnd = 'completed' | 'failed' | 'cancelled';

export class ActorCounters {
  running = 0;
  readonly #ended: Record<CallEnd, number> = { completed: 0, failed: 0, cancelled: 0 };
  readonly #time = new LogHistogram();

  /** `ms` after it was made. */
  ended(how: CallEnd, ms: number): void {
    this.running--;
    this.#ended[how]++;
    this.#time.record(ms);
  }

  snapshot(): ActorStats {
    return Object.freeze({ kind: 'actor', running: this.running, ...this.#ended, callTime: this.#time.snapshot() });
  }
}
