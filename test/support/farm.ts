/** Jobs of a map that end when the test says so. */
import type { MapOptions, SubmitOptions } from '../../src/executors/executor.ts';
import type { Job } from '../../src/executors/job.ts';
import { mapJobs } from '../../src/executors/map.ts';
import { makeJob } from './jobs.ts';

export interface Farm {
  /** Item by item, in the order of submission. */
  readonly jobs: Map<unknown, Job>;
  readonly options: SubmitOptions[];
  map(items: unknown, options?: MapOptions): ReturnType<typeof mapJobs>;
  end(item: unknown, value?: unknown): void;
  fail(item: unknown, error: unknown): void;
}

/** Jobs that end when the test says so; a cancelled one ends at once, unless it is `slow`. */
export function farm({ slow = false, lookAhead = 3 } = {}): Farm {
  const jobs = new Map<unknown, Job>();
  const options: SubmitOptions[] = [];
  const host = { jobCancelled: (job: Job): void => void (slow || job.endCancelled()) };
  const submit = (item: unknown, o: SubmitOptions): Job => {
    const job = makeJob(o, [item], host);
    jobs.set(item, job);
    options.push(o);
    return job;
  };
  return {
    jobs,
    options,
    map: (items, o) => mapJobs(submit, () => 0, items as Iterable<unknown>, o, lookAhead),
    end: (item, value = `r${String(item)}`) => void jobs.get(item)!.end({ ok: true, value }),
    fail: (item, error) => void jobs.get(item)!.end({ ok: false, error }),
  };
}

/** Never ends; says which number would have been next when it is closed. */
export function* numbers(onEnd?: (next: number) => void): Generator<number> {
  let n = 1;
  try {
    for (;;) yield n++;
  } finally {
    onEnd?.(n);
  }
}

export const valueOf = async (result: Promise<IteratorResult<unknown, unknown>>): Promise<unknown> => (await result).value;
