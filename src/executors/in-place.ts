/**
 * Offloaded functions that are called inside of a job run in place: one more hop could wait for its own worker for ever.
 * Inside of a job is everywhere in a worker, and on this loop whatever a job of an InlineExecutor runs.
 */
import { reportsFailure } from '../core/background.ts';
import { ambient, here } from '../core/scope.ts';
import type { Scope } from '../core/scope.ts';
import { TaskCore } from '../core/task.ts';
import type { Task } from '../core/task.ts';
import type { SubmitOptions } from './executor.ts';
import { resolveSubmitOptions } from './options.ts';
import { workerState } from './worker-state.ts';

type Fn = (...args: never[]) => unknown;

const inlineJobs = new WeakSet<Scope>();
let anyInline = false;

/** Told by an executor that runs jobs on this loop. */
export function markInlineJob(scope: Scope): void {
  anyInline = true;
  inlineJobs.add(scope);
}

export function isInsideJob(): boolean {
  if (workerState() !== undefined) return true;
  if (!anyInline) return false;
  for (let s = ambient.getStore() ?? null; s !== null; s = s.parent) if (inlineJobs.has(s)) return true;
  return false;
}

export function runInPlace(fn: Fn, args: readonly unknown[], options: SubmitOptions | undefined): Task<unknown> {
  const settings = resolveSubmitOptions(options);
  const scope = here();
  const task = new TaskCore(scope, settings.name ?? fn.name, reportsFailure);
  if (scope.effective === null) task.start(() => fn(...(args as never[])), true);
  else task.fail(scope.effective);
  return task;
}

/** The function itself, of one that is offloaded. */
export function localOf(fn: Fn): Fn {
  return (fn as { local?: Fn } | null | undefined)?.local ?? fn;
}
