/** Turns whatever can be waited for into a task. */
import { InvalidStateError } from '../base/errors.ts';
import { wrongType } from '../base/validate.ts';
import { abortable } from './foreign.ts';
import type { Source } from './gather.ts';
import { here } from './scope.ts';
import type { Scope } from './scope.ts';
import { TaskCore } from './task.ts';
import { isThenable } from './thenable.ts';
import type { TaskFn, TaskOwner } from './task.ts';

/** Somebody reads the outcome of these tasks in any case. */
export const readsOutcome: TaskOwner = { taskSettled: () => {} };

export interface SourceTask {
  readonly task: TaskCore;
  /** Started here, so ours to cancel; a task that was given is only awaited. */
  readonly own: boolean;
}

/** A given task stays what it is; a function becomes a task of `scope`; a promise becomes a task that stops waiting when cancelled. */
export function sourceTask(source: Source, scope: Scope, owner: TaskOwner = readsOutcome): SourceTask {
  if (source instanceof TaskCore) return { task: source, own: false };
  const task = new TaskCore(scope, typeof source === 'function' ? source.name : '', owner);
  if (isThenable(source)) task.start(() => abortable(source), true);
  else task.start(source as TaskFn<unknown>);
  return { task, own: true };
}

/** The sources, all of them checked before any is started. */
export function checkedSources<S extends Source>(src: Iterable<S>): S[] {
  if (typeof src !== 'object' || src === null || isThenable(src) || !(Symbol.iterator in src)) {
    throw wrongType('src', 'an iterable of functions, tasks or promises', src);
  }
  const sources = [...src];
  sources.forEach((s, i) => checkSource(`src[${i}]`, s));
  return sources;
}

export function checkSource(where: string, source: unknown): asserts source is Source {
  if (source instanceof TaskCore) checkNotSelf(source);
  else if (typeof source !== 'function' && !isThenable(source)) throw wrongType(where, 'a function, a task or a promise', source);
}

/** A task that waits for its own end would wait for ever. */
export function checkNotSelf(task: TaskCore): void {
  if (!task.settled && task === here().task)
    throw new InvalidStateError(`Task ${JSON.stringify(task.name)} cannot await itself: it would never settle`);
}

/** For a call that fails before it waits: the promises among its sources may reject, and nobody else listens. */
export function abandon(sources: readonly unknown[]): void {
  for (const s of sources) if (isThenable(s) && !(s instanceof TaskCore)) void Promise.resolve(s).catch(() => {});
}

/** Resolves when all have settled; nothing interrupts it. */
export async function joined(tasks: Iterable<TaskCore>): Promise<void> {
  await Promise.all([...tasks].map((task) => new Promise<void>((settled) => task.onSettled(() => settled()))));
}
