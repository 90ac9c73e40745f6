/** A dump for people. */
import type { StackFrame } from '../base/slow-report.ts';
import { isUserFile } from '../monitor/frames.ts';
import { shortPath } from '../report/text.ts';
import type { Paint } from './console.ts';
import type { ProcessDump, ThreadDump } from './threads.ts';

export interface DumpHead {
  readonly pid: number;
  readonly command: readonly string[];
}

export function dumpText({ pid, command }: DumpHead, { node, title, uptime, threads }: ProcessDump, paint: Paint): string {
  const what = command.length > 0 ? command.join(' ') : title;
  const blocks = [`${paint('bold', `Process ${pid}`)}: ${what}\nNode ${node}, up ${span(uptime)}`];
  return [...blocks, ...threads.map((thread) => threadText(thread, paint))].join('\n\n');
}

function threadText({ id, name, state, stack, text, resources }: ThreadDump, paint: Paint): string {
  const who = id === 0 ? 'Main thread' : `Worker ${id}${name === '' || name === 'WorkerThread' ? '' : ` ${JSON.stringify(name)}`}`;
  const head = paint('bold', who);
  if (state === 'unreachable') return `${head} does not answer: it is in a native call, or ending`;
  if (state === 'idle') return `${head} is idle: no JavaScript runs${waitsFor(resources)}`;
  if (text !== undefined) return `${head} is running\n${text}`;
  return [`${head} is running`, ...stackLines(stack, paint)].join('\n');
}

/** The line to look at first is the innermost of the program. */
function stackLines(stack: readonly StackFrame[], paint: Paint): string[] {
  const mine = stack.findIndex(({ file }) => isUserFile(file));
  return stack.map((frame, i) => {
    const line = `    ${frameText(frame)}`;
    if (i === mine) return paint('yellow', line);
    return isUserFile(frame.file) ? line : paint('dim', line);
  });
}

export function frameText({ fn, file, line, column, async }: StackFrame): string {
  const place = file === '' ? 'native' : `${shortPath(file)}:${line}:${column}`;
  return `${async === true ? 'async ' : ''}${fn} (${place})`;
}

function waitsFor(resources: ThreadDump['resources']): string {
  const names = Object.entries(resources).map(([name, count]) => (count === 1 ? name : `${count} ${name}`));
  return names.length === 0 ? '' : `; alive for ${names.join(', ')}`;
}

export function span(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} days`;
}
