/** What a pool counts. */
import { FunctionCounters } from './function-stats.ts';
import type { FunctionStats } from './function-stats.ts';
import { Durations } from './percentiles.ts';
import type { Percentiles } from './percentiles.ts';
import type { Job } from './job.ts';

export class PoolCounters {
  completed = 0;
  failed = 0;
  cancelled = 0;
  /** Milliseconds that workers spent in jobs that have ended. */
  busyTime = 0;
  readonly #wait = new Durations();
  readonly #run = new Durations();
  readonly #functions = new FunctionCounters();

  /** `ms` = how long it ran; 0 = it never began. Once for each job, however often it was sent. */
  ended(job: Job, ms: number): void {
    job.ranFor = ms;
    if (job.state === 'done') this.completed++;
    else if (job.state === 'failed') this.failed++;
    else this.cancelled++;
    if (ms > 0) {
      this.#wait.record(job.sentAt - job.submittedAt);
      this.#run.record(ms);
    }
    this.busyTime += ms;
    this.#functions.ended(job, ms);
  }

  get functions(): Readonly<Record<string, FunctionStats>> {
    return this.#functions.snapshot();
  }

  get waitTime(): Percentiles {
    return this.#wait.snapshot();
  }

  get runTime(): Percentiles {
    return this.#run.snapshot();
  }
}
