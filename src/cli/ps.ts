/** `offloop ps PID`: the tasks of a program as a table, as `python -m asyncio ps` shows them. */
import type { TaskRow } from '../debug/task-table.ts';
import { columns } from './columns.ts';
import type { Command } from './command.ts';
import type { Paint } from './console.ts';
import { shortSite, showTasks, taskOptions } from './tasks.ts';

export const ps: Command = {
  name: 'ps',
  usage: 'PID',
  summary: 'the tasks of a program: what each waits for, and whose it is',
  details: `The program must have loaded offloop. It is asked through its inspector, as by dump, also while its loop is blocked.
Where a task was created is known in debug mode only (OFFLOOP_DEBUG=1, or offloop run --debug).`,
  options: taskOptions,
  run: (input, console) => showTasks(ps, input, console, taskTableText),
};

export function taskTableText(rows: readonly TaskRow[], paint: Paint): string {
  if (rows.length === 0) return 'no tasks: nothing runs inside a run()';
  const head = ['ID', 'NAME', 'STATE', 'WAITS FOR', 'PARENT', 'CREATED AT'];
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  const parentOf = ({ parent }: TaskRow): string => (parent === null ? '-' : `${names.get(parent) ?? '?'} (${parent})`);
  const body = rows.map((row) => [
    String(row.id),
    row.name,
    row.state,
    row.waitingOn ?? '-',
    parentOf(row),
    row.createdAt === undefined ? '-' : shortSite(row.createdAt),
  ]);
  const known = rows.some(({ createdAt }) => createdAt !== undefined) ? head.length : head.length - 1;
  const [first, ...rest] = columns(
    [head, ...body].map((row) => row.slice(0, known)),
    new Set([0]),
  );
  return [paint('bold', first!), ...rest].join('\n');
}
