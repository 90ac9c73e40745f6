/** Tasks that belong to `run()` itself: asyncio's `create_task`, without the danger that one is collected or forgotten. */
import { checkFunction } from '../base/validate.ts';
import { ambient, here, rootOf } from './scope.ts';
import { TaskCore } from './task.ts';
import type { Task, TaskFn, TaskOwner } from './task.ts';
import { linkSignal } from './link-signal.ts';
import { spawnOptions } from './task-group.ts';
import type { SpawnOptions } from './task-group.ts';

/** Reports a failure that nobody asked about within one loop turn. */
export const reportsFailure: TaskOwner = {
  taskSettled(task: TaskCore): void {
    if (!task.failed || task.retrieved) return;
    if (task.runtime.shuttingDown && !holders.has(task)) reportFailure(task, 'unhandled error during run() shutdown');
    else setImmediate(reportUnlessSeen, task);
  },
};

function reportUnlessSeen(task: TaskCore): void {
  if (task.retrieved) return;
  if (holders.has(task)) putOff.add(task);
  else reportFailure(task, 'Task exception was never retrieved');
}

const holders = new WeakMap<TaskCore, number>();
const putOff = new WeakSet<TaskCore>(); // failed while they were held

/**
 * Says that somebody will be told how the task ended (`wait`, `asCompleted`): until the returned function is called, and one
 * loop turn more, its failure is not reported. Not a `retrieved`: whoever is told may still not look.
 */
export function hold(task: TaskCore): () => void {
  holders.set(task, (holders.get(task) ?? 0) + 1);
  return () => {
    const others = (holders.get(task) as number) - 1;
    if (others > 0) holders.set(task, others);
    else holders.delete(task);
    if (others === 0 && putOff.delete(task)) setImmediate(reportUnlessSeen, task);
  };
}

/** In the context of the task, so that the handler can ask who failed. */
function reportFailure(task: TaskCore, message: string): void {
  const error = task.failure;
  ambient.run(task, () => task.runtime.report({ message, error, task }));
}

/**
 * Starts `fn` as a task of the surrounding `run()`, not of the ambient scope: it outlives the caller, and is cancelled and
 * joined when `run()` ends. A failure that nobody retrieves is reported to the exception handler one loop turn later.
 *
 * - Waits for: nothing; the end of `run()` waits for the task.
 * - On cancel: not a checkpoint. The task is not cancelled with the caller, only by its own `cancel()`, its signal, or the end of `run()`.
 * - Order: tasks start in order, one microtask later.
 * - Throws: TypeError for what is not a function, or an unknown option.
 */
export function background<T>(fn: TaskFn<T>, options?: SpawnOptions): Task<T> {
  checkFunction('fn', fn);
  const o = spawnOptions(options);
  const task = new TaskCore<T>(rootOf(here()), o.name ?? fn.name, reportsFailure);
  if (o.signal !== undefined) task.onSettled(linkSignal(o.signal, task));
  task.start(fn, o.eager);
  return task;
}
