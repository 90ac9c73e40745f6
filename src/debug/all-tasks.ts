import { here, rootOf } from '../core/scope.ts';
import { tasksUnder } from '../core/task.ts';
import type { Task } from '../core/task.ts';

/** The tasks of the surrounding `run()` that have not settled. `parentTask` tells who answers for each. */
export function allTasks(): Set<Task<unknown>> {
  return new Set(tasksUnder(rootOf(here())));
}
