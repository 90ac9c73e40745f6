/** The errors of jobs whose worker failed, not their function. Each names its job and ends its stack at the submitting line. */
import { WorkerDiedError } from '../base/errors.ts';
import type { Job } from './job.ts';
import type { WorkerDeath } from './worker-handle.ts';

/** What happened to the worker, as the end of a sentence. */
export function describeDeath(death: WorkerDeath): string {
  return whyText[death.why](death);
}

const whyText: Record<WorkerDeath['why'], (d: WorkerDeath) => string> = {
  exit: (d) => (d.signalName === null ? `the worker exited with code ${d.exitCode}` : `the worker was killed by ${d.signalName}`),
  uncaught: (d) => `an error was thrown outside the job's own calls: ${textOf(d.cause)}`,
  'out-of-memory': () => 'the worker ran out of memory (see resourceLimits)',
  terminated: () => 'the worker was terminated',
  'load-failed': () => 'the worker could not load a module',
};

export function workerDied(job: Job, death: WorkerDeath): WorkerDiedError {
  return blame(job, `The worker died while it ran job ${JSON.stringify(job.name)}: ${whyText[death.why](death)}`, death);
}

/** `when` it died, as the end of a sentence: no job is to blame. */
export function workerDiedIdle(when: string, death: WorkerDeath): WorkerDiedError {
  return blame(null, `The worker died ${when}: ${whyText[death.why](death)}`, death);
}

/** For a job that waited while workers died, one after the other, before any was ready. */
export function diedAtStart(job: Job, death: WorkerDeath): WorkerDiedError {
  return blame(
    job,
    `Job ${JSON.stringify(job.name)} could not run, because workers die while they start: ${whyText[death.why](death)}`,
    death,
  );
}

/** How a worker ends that is killed. */
export const TERMINATED: WorkerDeath = { why: 'terminated', exitCode: null, signalName: null, cause: undefined };

/** For a job that one worker had to run, and nobody else; `death` = null when it was killed, or replaced. */
export function goneBefore(job: Job, death: WorkerDeath | null): WorkerDiedError {
  const how = death ?? TERMINATED;
  const message = `The worker was gone before it ran job ${JSON.stringify(job.name)}, which was for that worker only`;
  return blame(job, `${message}: ${describeDeath(how)}`, how);
}

/** `failure` is the LoadFailure that came back: its cause is what the module threw. */
export function loadFailed(job: Job, failure: unknown): WorkerDiedError {
  const { url, cause } = failure as { url?: unknown; cause?: unknown };
  const message = `Module ${String(url)} failed to load in the worker, so job ${JSON.stringify(job.name)} could not run: ${textOf(cause)}`;
  return blame(job, message, { why: 'load-failed', cause });
}

/** `preload` or `init` failed. */
export function unready(job: Job | null, error: unknown): WorkerDiedError {
  const { cause } = error as { cause?: unknown };
  const what = job === null ? '' : `, so job ${JSON.stringify(job.name)} could not run`;
  return blame(job, `The worker could not get ready${what}: ${textOf(error)}`, { why: 'load-failed', cause: cause ?? error });
}

function blame(job: Job | null, message: string, init: Partial<WorkerDeath> & Pick<WorkerDeath, 'why'>): WorkerDiedError {
  const error = new WorkerDiedError(message, { job: job?.name ?? '', ...init });
  if (job !== null) error.stack = [`${error.name}: ${message}`, ...(job.callSite === undefined ? [] : [job.callSite])].join('\n');
  return error;
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
