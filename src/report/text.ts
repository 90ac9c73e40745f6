/** A block as a few lines of text, for people and terminals. */
import { isAbsolute, relative, sep } from 'node:path';
import type { SlowReport, StackFrame } from '../base/slow-report.ts';
import { pathOf } from '../monitor/frames.ts';
import type { Told } from '../monitor/told.ts';
import { hintFor } from './hint.ts';

const CALLERS = 4;

/** A path below the working directory is shown from there. */
export function shortPath(file: string, cwd: string = process.cwd()): string {
  if (!isAbsolute(file)) return file;
  const path = relative(cwd, file);
  return path === '' || path.startsWith('..') || isAbsolute(path) ? file : path.split(sep).join('/');
}

export function blockText(told: Told): string {
  const { where, cause, cpu } = told;
  const lines = [`offloop: ${headline(told)}`];
  if (where !== undefined) lines.push(...placeLines(told, where));
  const run = cpu.runQueue === null ? '' : `, run queue ${ms(cpu.runQueue)}`;
  const callbacks = `${cpu.callbacks} callback${cpu.callbacks === 1 ? '' : 's'}`;
  lines.push(`  cause: ${cause}   cpu ${ms(cpu.run)}, gc ${ms(cpu.gc)}${run}, ${callbacks}`);
  const hint = hintFor(told);
  if (hint !== null) lines.push(`  hint: ${hint}`);
  return lines.join('\n');
}

/** Printed in the midst of a block. */
export function stillBlockedText(told: Told): string {
  const seen = told.task !== undefined || told.where !== undefined;
  const head = `offloop: still blocked after ${(told.duration / 1000).toFixed(1)} seconds${seen ? `: ${whoOf(told)}` : ''}`;
  const place = told.where === undefined ? ['  in native code: no line of the program was reached since'] : placeLines(told, told.where);
  return [head, ...place].join('\n');
}

function headline(told: Told): string {
  const seconds = (told.duration / 1000).toFixed(3);
  if (told.cause === 'suspended') return `The process was suspended for ${seconds} seconds`;
  if (told.cause === 'startup' && told.task === undefined) return `Starting up took ${seconds} seconds without a turn of the loop`;
  const thread = told.thread === 0 ? '' : ` in worker thread ${told.thread}`;
  return `Executing ${whoOf(told)} took ${seconds} seconds${thread}`;
}

/** In debug mode in the words of asyncio: `<Task #1 name="x" running at a.ts:1 created at b.ts:2>`, `<callback onData running at a.ts:1>`. */
function whoOf({ task, where, stack = [], debug }: Told): string {
  const running = where === undefined ? '' : ` running at ${shortPath(where.file)}:${where.line}`;
  if (task === undefined) {
    const outermost = stack.findLast(({ async }) => async !== true) ?? where;
    return debug && outermost !== undefined ? `<callback ${outermost.fn}${running}>` : '<callback>';
  }
  const name = JSON.stringify(task.name);
  if (!debug) return `<Task #${task.id} ${name}>`;
  const created = task.spawnedAt === undefined ? '' : ` created at ${shortSite(task.spawnedAt)}`;
  return `<Task #${task.id} name=${name}${running}${created}>`;
}

/** `/app/a.ts:12:5` as `a.ts:12`. */
function shortSite(site: string): string {
  const [, file = site, line] = /^(.*?):(\d+)(?::\d+)?$/.exec(site) ?? [];
  return line === undefined ? site : `${shortPath(pathOf(file))}:${line}`;
}

function placeLines({ stack = [], hits, samples, confidence }: Told, where: NonNullable<SlowReport['where']>): string[] {
  const { fn, native, file, line, column } = where;
  const inside = native === undefined ? fn : `${fn} in ${native}`;
  const lines = [`  blocked at ${shortPath(file)}:${line}:${column} ${inside}   (${hits} of ${samples} samples, ${confidence})`];
  const callers = stack.slice(1, 1 + CALLERS).map(callerText);
  if (callers.length > 0) lines.push(`    < ${callers.join(' < ')}`);
  return lines;
}

function callerText({ fn, file, line, async }: StackFrame): string {
  const place = `${shortPath(file)}:${line}`;
  return async === true ? `async ${fn} ${place}` : `${place} ${fn}`;
}

const ms = (value: number): string => `${value.toFixed(0)} ms`;
