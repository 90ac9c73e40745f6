/**
 * `executor.broadcast`: one job for each worker, in that worker's own line. Each waits for its turn there like any other job,
 * so it overtakes nothing; `maxQueue` does not count for it, because it must not reach only some of the workers.
 */
import { isCancelled } from '../base/errors.ts';
import { checkFunction, wrongType } from '../base/validate.ts';
import { here } from '../core/scope.ts';
import { functionRef } from './callable.ts';
import { Job } from './job.ts';
import type { JobHost } from './job.ts';
import { resolveSubmitOptions } from './options.ts';

type Fn = (...args: never[]) => unknown;

export interface BroadcastHost<W> extends JobHost {
  /** The workers there are, in the order of their start; all that there may be are started when there is none. */
  staff(): readonly W[];
  /** The job runs there or nowhere. */
  submitTo(worker: W, job: Job): void;
}

/** Rejects, when all have ended, with the error that came first. The stacks of errors end at the caller of `below`. */
export async function broadcast<W>(pool: BroadcastHost<W>, fn: Fn, args: readonly unknown[], below: Fn): Promise<unknown[]> {
  const scope = here();
  if (scope.effective !== null) throw scope.effective;
  checkFunction('fn', fn);
  const known = functionRef(fn);
  if (!Array.isArray(args)) throw wrongType('args', 'an array of arguments', args);
  const settings = resolveSubmitOptions(undefined);
  const jobs = pool.staff().map((worker) => {
    const job = new Job(scope, pool, known, args, settings, below);
    pool.submitTo(worker, job);
    return job;
  });
  return results(jobs);
}

async function results(jobs: readonly Job[]): Promise<unknown[]> {
  const failures: unknown[] = [];
  const values = await Promise.all(jobs.map((job) => new Promise<unknown>((resolve) => job.onSettled(() => resolve(take(job, failures))))));
  if (failures.length === 0) return values;
  const [first, ...others] = failures;
  reportOthers(first, others);
  throw first;
}

function take(job: Job, failures: unknown[]): unknown {
  try {
    return job.result();
  } catch (error) {
    failures.push(error);
    return undefined;
  }
}

/** The same function mostly fails for the same reason everywhere: that is told once. */
function reportOthers(first: unknown, others: readonly unknown[]): void {
  const told = new Set([String(first)]);
  for (const error of others) {
    if (isCancelled(error) || told.has(String(error))) continue;
    told.add(String(error));
    here().runtime.report({ message: 'Another error in executor.broadcast', error });
  }
}
