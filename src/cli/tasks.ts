/** The tasks of another process, for `ps` and `pstree`. */
import type { TaskRow, TaskTable } from '../debug/task-table.ts';
import { shortPath } from '../report/text.ts';
import { attach } from './attach.ts';
import { exitCodes, failure } from './command-error.ts';
import { numberOf, pidOf } from './command.ts';
import type { Command, Input } from './command.ts';
import type { Console, Paint } from './console.ts';
import { explain, PATIENCE } from './dump.ts';
import { statistics } from './in-target.ts';

export const taskOptions: Command['options'] = {
  json: { help: 'as JSON' },
  timeout: { value: 'ms', help: `how long to wait for an answer (default ${PATIENCE})` },
};

export type Draw = (rows: readonly TaskRow[], paint: Paint) => string;

export async function showTasks(command: Command, input: Input, console: Console, draw: Draw): Promise<number> {
  const { pid, tables } = await readTasks(pidOf(command, input), numberOf(input, 'timeout', { least: 1 }) ?? PATIENCE);
  if (input.values.has('json')) console.printJson({ v: 1, pid, tables });
  else console.print(tables.map(({ tasks }) => draw(tasks, console.paint)).join('\n\n'));
  return exitCodes.ok;
}

async function readTasks(asked: number, patience: number): Promise<{ pid: number; tables: readonly TaskTable[] }> {
  const attachment = await attach(asked, patience);
  const { pid } = attachment;
  try {
    const { tasks, broken } = await attachment.session.call(statistics, [['tasks', 'monitor']], patience).catch((error: unknown) => {
      throw explain(pid, error);
    });
    if (tasks.length > 0) return { pid, tables: tasks };
    if (broken.length > 0) throw failure(`process ${pid} was caught in the midst of a change of its tasks: ask again`);
    throw failure(`process ${pid} has not loaded offloop: it has no tasks to show (offloop dump ${pid} shows its stacks)`);
  } finally {
    await attachment.release();
  }
}

/** `/app/main.ts:12:5` as `main.ts:12`. */
export function shortSite(site: string): string {
  const [, file = site, line] = /^(.*?):(\d+)(?::\d+)?$/.exec(site) ?? [];
  return line === undefined ? site : `${shortPath(file.startsWith('file://') ? new URL(file).pathname : file)}:${line}`;
}
