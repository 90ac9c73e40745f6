/** A log for people: the ranking as a table, then each block. */
import { shortPath } from '../report/text.ts';
import { columns } from './columns.ts';
import type { Paint } from './console.ts';
import type { RankedLine, Ranking } from './ranking.ts';

const TASKS = 3;

export function reportText({ count, total, max, lines, blocks }: Ranking, paint: Paint): string {
  if (count === 0) return 'no blocks: the loop was never held up for as long as the threshold';
  const head = ['COUNT', 'TOTAL', 'MAX', 'LINE', 'TASKS', 'CAUSES'];
  const [first, ...rest] = columns([head, ...lines.map(lineRow)], new Set([0, 1, 2]));
  const summary = `${count} block${count === 1 ? '' : 's'} of the loop, ${ms(total)} in all, the longest ${ms(max)}`;
  const list = columns(blocks.map(blockRow), new Set([1]));
  return [paint('bold', summary), '', paint('bold', first!), ...rest, '', paint('bold', 'EACH BLOCK'), ...list].join('\n');
}

function lineRow({ where, count, total, max, tasks, causes }: RankedLine): string[] {
  const names = tasks.slice(0, TASKS).map((name) => JSON.stringify(name));
  const more = tasks.length > TASKS ? ` and ${tasks.length - TASKS} more` : '';
  const why = Object.entries(causes).sort((a, b) => b[1] - a[1]);
  const text = why.map(([cause, times]) => (why.length === 1 ? cause : `${cause} ${times}`)).join(', ');
  return [String(count), ms(total), ms(max), placeOf(where), names.join(', ') + more || '-', text];
}

function blockRow({ start, ms: duration, type, where, task, cause, confidence, thread }: Ranking['blocks'][number]): string[] {
  const place = where === undefined ? '' : ` at ${placeOf(where)}${confidence === 'exact' ? '' : ` (${confidence})`}`;
  const who = task === undefined ? '' : ` in task ${JSON.stringify(task.name)}`;
  const open = type === 'still-blocked' ? ', and it was not over' : '';
  const of = thread === 0 ? '' : ` of worker ${thread}`;
  return [new Date(start).toISOString(), ms(duration), `${cause}${place}${who}${of}${open}`];
}

function placeOf(where: RankedLine['where']): string {
  if (where === undefined) return '(no line)';
  const { fn, file, line, native } = where;
  return `${shortPath(file)}:${line} ${fn}${native === undefined ? '' : ` in ${native}`}`;
}

const ms = (value: number): string => `${value.toFixed(0)} ms`;
