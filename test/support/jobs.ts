/** Jobs without a pool, for tests of what jobs stand in and pass through. */
import { here } from '../../src/core/scope.ts';
import type { SubmitOptions } from '../../src/executors/executor.ts';
import { Job } from '../../src/executors/job.ts';
import type { JobHost } from '../../src/executors/job.ts';
import { resolveSubmitOptions } from '../../src/executors/options.ts';

const fn = { id: 1, ref: { module: 'file:///none.js', export: 'none', fingerprint: undefined }, name: 'none' };
const noHost: JobHost = { jobCancelled: () => {} };

/** The caller ends it, or it counts as work under way for ever. */
export function makeJob(options?: SubmitOptions, args: readonly unknown[] = [], host: JobHost = noHost): Job {
  const job = new Job(here(), host, fn, args, resolveSubmitOptions(options), makeJob);
  job.onSettled(() => job.failed && job.error()); // heard, so not reported
  return job;
}
