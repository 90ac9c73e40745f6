/** `offloop pstree PID`: the tasks of a program as a tree, as `python -m asyncio pstree` shows them. */
import type { TaskRow } from '../debug/task-table.ts';
import type { Command } from './command.ts';
import type { Paint } from './console.ts';
import { showTasks, taskOptions } from './tasks.ts';

export const pstree: Command = {
  name: 'pstree',
  usage: 'PID',
  summary: 'the same as a tree, with the lines where they wait',
  details: `Each task stands under the one that answers for it. Tasks that wait for each other in a circle are told below the tree.
The lines where tasks wait are known in debug mode only (OFFLOOP_DEBUG=1, or offloop run --debug).`,
  options: taskOptions,
  run: (input, console) => showTasks(pstree, input, console, taskTreeText),
};

export function taskTreeText(rows: readonly TaskRow[], paint: Paint): string {
  if (rows.length === 0) return 'no tasks: nothing runs inside a run()';
  const ids = new Set(rows.map(({ id }) => id));
  const children = groupByParent(rows, ids);
  const lines: string[] = [];
  const draw = (parent: number | null, indent: string): void => {
    const here = children.get(parent) ?? [];
    here.forEach((row, i) => {
      const last = i === here.length - 1;
      const inner = `${indent}${last ? '    ' : '│   '}`;
      lines.push(`${indent}${last ? '└── ' : '├── '}${rowText(row, paint)}`);
      const bar = children.has(row.id) ? '│   ' : '    ';
      lines.push(...row.stack.map((frame) => paint('dim', `${inner}${bar}at ${frame}`)));
      draw(row.id, inner);
    });
  };
  draw(null, '');
  for (const cycle of findCycles(rows)) lines.push('', paint('red', cycleText(cycle)));
  return lines.join('\n');
}

function groupByParent(rows: readonly TaskRow[], known: ReadonlySet<number>): Map<number | null, TaskRow[]> {
  const groups = new Map<number | null, TaskRow[]>();
  for (const row of rows) {
    const parent = row.parent !== null && known.has(row.parent) ? row.parent : null;
    const group = groups.get(parent);
    if (group === undefined) groups.set(parent, [row]);
    else group.push(row);
  }
  return groups;
}

function rowText({ id, name, state, waitingOn }: TaskRow, paint: Paint): string {
  return `#${id} ${paint('bold', JSON.stringify(name))}, ${state}${waitingOn === null ? '' : `, waits for ${waitingOn}`}`;
}

/** Circles of tasks each of which waits for the next; every circle once. */
export function findCycles(rows: readonly TaskRow[]): TaskRow[][] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const done = new Set<number>();
  const cycles: TaskRow[][] = [];
  const visit = (row: TaskRow, trail: TaskRow[]): void => {
    const at = trail.indexOf(row);
    if (at >= 0) return void cycles.push(trail.slice(at).reverse());
    if (done.has(row.id)) return;
    for (const id of row.awaitedBy) {
      const awaiter = byId.get(id);
      if (awaiter !== undefined) visit(awaiter, [...trail, row]);
    }
    done.add(row.id);
  };
  for (const row of rows) visit(row, []);
  return cycles;
}

function cycleText(cycle: readonly TaskRow[]): string {
  const names = [...cycle, cycle[0]!].map(({ id, name }) => `#${id} ${JSON.stringify(name)}`);
  return `These tasks wait for each other, and none will go on:\n  ${names.join(' waits for ')}`;
}
