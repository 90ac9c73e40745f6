/** What a pool counts for each function, or for each name that was given to jobs: how they ended, how long they waited and ran. */
import type { Job } from './job.ts';
import { LogHistogram } from './log-histogram.ts';
import type { Percentiles } from './percentiles.ts';

/** The figures of one function, or of the jobs of one name. Times in milliseconds. */
export interface FunctionStats {
  completed: number;
  failed: number;
  cancelled: number;
  waitTime: Percentiles;
  runTime: Percentiles;
}

/** Names may be made up per job: later ones are counted together. */
const MAX_NAMES = 1000;
export const OTHER_NAMES = '(others)';

class Entry {
  completed = 0;
  failed = 0;
  cancelled = 0;
  readonly wait: LogHistogram = new LogHistogram();
  readonly run: LogHistogram = new LogHistogram();

  snapshot(): FunctionStats {
    const { completed, failed, cancelled, wait, run } = this;
    return Object.freeze({ completed, failed, cancelled, waitTime: wait.snapshot(), runTime: run.snapshot() });
  }
}

export class FunctionCounters {
  readonly #entries = new Map<string, Entry>();
  #lastName: string | null = null; // mostly the same function again
  #last: Entry | null = null;

  /** `ms` = how long it ran; 0 = it never began. */
  ended(job: Job, ms: number): void {
    const entry = job.name === this.#lastName ? (this.#last as Entry) : this.#find(job.name);
    if (job.state === 'done') entry.completed++;
    else if (job.state === 'failed') entry.failed++;
    else entry.cancelled++;
    if (ms > 0) {
      entry.wait.record(job.sentAt - job.submittedAt);
      entry.run.record(ms);
    }
  }

  #find(name: string): Entry {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      if (this.#entries.size >= MAX_NAMES && name !== OTHER_NAMES) return this.#find(OTHER_NAMES);
      entry = new Entry();
      this.#entries.set(name, entry);
    }
    this.#lastName = name;
    this.#last = entry;
    return entry;
  }

  snapshot(): Readonly<Record<string, FunctionStats>> {
    const all = Object.create(null) as Record<string, FunctionStats>; // a function may be named '__proto__'
    for (const [name, entry] of this.#entries) all[name] = entry.snapshot();
    return Object.freeze(all);
  }
}
