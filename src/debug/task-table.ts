/**
 * All tasks of this thread as rows, for whoever looks in from outside (`offloop ps` and `pstree`). Offered in the table of
 * what is alive; costs nothing until somebody asks, which may be in the midst of any code: it only reads.
 */
import { register } from '../base/live.ts';
import { roots } from '../core/scope.ts';
import type { Scope } from '../core/scope.ts';
import { tasksUnder } from '../core/task.ts';
import type { TaskState } from '../core/task.ts';
import { waitingOn } from '../core/waits.ts';
import { awaitersUnder, parkedFrames } from './call-graph.ts';
import { siteOf } from './sites.ts';
import { placeOf } from './stack.ts';

export interface TaskRow {
  readonly id: number;
  readonly name: string;
  readonly state: TaskState;
  /** What it waits for; null when it runs, or waits for something outside offloop. */
  readonly waitingOn: string | null;
  /** The task that answers for it. */
  readonly parent: number | null;
  /** The tasks that go on when this one has settled. */
  readonly awaitedBy: readonly number[];
  /** Debug mode only: `/app/main.ts:12:5`. */
  readonly createdAt?: string;
  /** Debug mode only: the lines where it waits, innermost first. */
  readonly stack: readonly string[];
}

export interface TaskTable {
  readonly tasks: readonly TaskRow[];
}

export function taskTable(): TaskTable {
  return { tasks: [...roots].flatMap(rowsUnder) };
}

function rowsUnder(root: Scope): TaskRow[] {
  const awaiters = awaitersUnder(root);
  return tasksUnder(root).map((task) => {
    const site = siteOf(task);
    const createdAt = site === undefined ? undefined : placeOf(site);
    return {
      id: task.id,
      name: task.name,
      state: task.state,
      waitingOn: waitingOn(task),
      parent: task.parentTask?.id ?? null,
      awaitedBy: [...(awaiters.get(task) ?? [])].map(({ id }) => id),
      stack: parkedFrames(task),
      ...(createdAt !== undefined && { createdAt }),
    };
  });
}

/** One table for each copy of the package: each has tasks of its own. */
export function offerTasks(): void {
  register('tasks', 'offloop', { statistics: taskTable });
}
