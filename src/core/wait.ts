/** Waiting for several tasks without cancelling any. */
import { checkDelay, checkOneOf, ownOptions, outOfRange, wrongType } from '../base/validate.ts';
import { hold } from './background.ts';
import { here } from './scope.ts';
import { checkNotSelf } from './source-task.ts';
import { TaskCore } from './task.ts';
import type { Task } from './task.ts';
import { moveOnAfter } from './timeout.ts';
import { parkIn, WaitQueue } from './waiter.ts';

export interface WaitOptions {
  /** Milliseconds (`null`: no limit); when they have passed, what is not done is pending. Nothing is cancelled, nothing thrown. */
  timeout?: number | null;
  /** Default 'all'. 'firstError' also ends when all are done; a task that was merely cancelled is no error. */
  until?: Until;
}
type Until = 'all' | 'first' | 'firstError';

/**
 * Waits until all tasks, the first, or the first that fails have settled, and tells which have and which have not. It neither
 * cancels a task nor throws its error: ask `task.result()` or `task.error()`.
 *
 * - Waits for: the tasks, at most `timeout` milliseconds.
 * - On cancel: stops waiting; the tasks go on.
 * - Order: both sets keep the order of the tasks.
 * - Throws: CancelledError; RangeError for no tasks, TypeError for what is not a task.
 */
// eslint-disable-next-line typescript/no-explicit-any -- tasks of anything
export async function wait<T extends Task<any>>(tasks: Iterable<T>, options?: WaitOptions): Promise<{ done: Set<T>; pending: Set<T> }> {
  const all = checkTasks(tasks);
  const o = ownOptions<WaitOptions>('options', options, ['timeout', 'until']);
  const limit = o.timeout ?? null;
  if (limit !== null) checkDelay('options.timeout', limit);
  if (o.until !== undefined) checkOneOf('options.until', o.until, ['all', 'first', 'firstError']);
  const scope = here();
  if (scope.effective !== null) throw scope.interrupt();
  // The caller will see who failed: until then such a failure is not one that nobody asked about.
  const letGo = [...all].map(hold);
  try {
    await moveOnAfter(limit, () => settled(all, o.until ?? 'all'));
  } finally {
    for (const release of letGo) release();
  }
  const done = new Set<TaskCore>();
  const pending = new Set<TaskCore>();
  for (const task of all) (task.settled ? done : pending).add(task);
  return { done, pending } as unknown as { done: Set<T>; pending: Set<T> };
}

function checkTasks(tasks: unknown): Set<TaskCore> {
  const expected = 'an iterable of tasks';
  if (typeof tasks !== 'object' || tasks === null || !(Symbol.iterator in tasks)) throw wrongType('tasks', expected, tasks);
  const all = [...(tasks as Iterable<unknown>)];
  all.forEach((task, i) => {
    if (!(task instanceof TaskCore)) throw wrongType(`tasks[${i}]`, 'a task', task);
    checkNotSelf(task as TaskCore);
  });
  if (all.length === 0) throw outOfRange('tasks', 'at least one task', tasks);
  return new Set(all as TaskCore[]);
}

/** Resolves when `until` is fulfilled. Counts instead of looking through all tasks each time one settles. */
async function settled(tasks: ReadonlySet<TaskCore>, until: Until): Promise<void> {
  const ends = (task: TaskCore): boolean => until === 'first' || (until === 'firstError' && task.failed);
  const open = [...tasks].filter((task) => !task.settled);
  if (open.length === 0 || [...tasks].some((task) => task.settled && ends(task))) return;
  const queue = new WaitQueue<void, void>('wait', { awaited: tasks });
  let left = open.length;
  const hooks = open.map((task) => task.onSettled(() => (--left === 0 || ends(task)) && queue.shift()?.grant(undefined)));
  try {
    await parkIn(queue, undefined);
  } finally {
    for (const hook of hooks) hook[Symbol.dispose]();
  }
}
