/** One reading of `offloop top`, for people. */
import { basename } from 'node:path';
import type { ExecutorStats } from '../executors/executor.ts';
import { isUserFile } from '../monitor/frames.ts';
import type { LagSnapshot } from '../monitor/loop-monitor.ts';
import { SourceMaps } from '../monitor/source-maps.ts';
import { columns } from './columns.ts';
import type { Paint } from './console.ts';
import { frameText, span } from './dump-text.ts';
import type { DumpHead } from './dump-text.ts';
import type { Statistics, Whereabouts } from './in-target.ts';

export interface Reading extends Omit<Statistics, 'tasks'>, Pick<Whereabouts, 'node' | 'uptime' | 'frames'> {
  readonly v: 1;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** How many there are. */
  readonly tasks: number;
  /** Milliseconds for which the process has not answered: the figures are that old. */
  readonly silent?: number;
}

const maps = new SourceMaps();

export function topText({ pid, command }: DumpHead, now: Reading, before: Reading | null, paint: Paint): string {
  const label = (text: string): string => paint('bold', text.padEnd(9));
  const lines = [
    `${paint('bold', `offloop top ${pid}`)}  ${shortCommand(command)}  Node ${now.node}, up ${span(now.uptime)}`,
    '',
    label('loop') + loopText(now, before, paint),
    label('now') + nowText(now, paint),
    ...lagLines(now, before).map(([name, text]) => label(name) + text),
    label('memory') + memoryText(now),
    ...gcLine(now).map((text) => label('gc') + text),
    `${label('tasks')}${now.tasks}`,
  ];
  const rows = Object.entries(now.executors).map(([name, stats]) => executorRow(name, stats, before, now));
  if (rows.length === 0) return lines.join('\n');
  const head = ['EXECUTOR', 'WORKERS', 'BUSY', 'QUEUED', 'DONE', 'DONE/S', 'WAIT P50', 'P99', 'RUN P50', 'P99'];
  const [first, ...rest] = columns([head, ...rows], new Set([1, 2, 3, 4, 5, 6, 7, 8, 9]));
  return [...lines, '', paint('bold', first!), ...rest].join('\n');
}

/** Without what a loader or `offloop run` has put in front. */
export function shortCommand([executable = '', ...words]: readonly string[]): string {
  const shown = words.filter((word, i) => word !== '--import' && words[i - 1] !== '--import');
  return [basename(executable), ...shown].join(' ');
}

/** Since the last reading; the first one counts from the start of the process. */
function loopText(now: Reading, before: Reading | null, paint: Paint): string {
  const active = now.loop.active - (before?.loop.active ?? 0);
  const idle = now.loop.idle - (before?.loop.idle ?? 0);
  const busy = active + idle <= 0 ? 0 : active / (active + idle);
  const time = before === null ? now.uptime * 1000 : now.at - before.at;
  const cpu = time <= 0 ? 0 : (now.cpu - (before?.cpu ?? 0)) / time;
  return `busy ${paint(busy > 0.9 ? 'red' : busy > 0.6 ? 'yellow' : 'green', percent(busy))}, CPU ${percent(cpu)} of a core`;
}

function nowText({ silent, frames }: Reading, paint: Paint): string {
  if (silent !== undefined) return paint('red', `no answer for ${span(silent / 1000)}: in a native call; figures from before`);
  const raw = frames.find(({ file }) => isUserFile(file)) ?? frames[0];
  return raw === undefined ? 'idle' : `at ${frameText(maps.frame(raw))}`;
}

function lagLines({ monitors }: Reading, before: Reading | null): (readonly [string, string])[] {
  if (monitors.length === 0) return [['delay', 'unknown: no LoopMonitor runs there (offloop run, or node --import offloop/monitor)']];
  return monitors.flatMap((lag, i) => [['delay', delayText(lag)] as const, ['blocks', blocksText(lag, before?.monitors[i])] as const]);
}

function delayText({ delay, uptime }: LagSnapshot): string {
  const { p50, p90, p99, max } = delay;
  return `p50 ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}, max ${ms(max)}, over ${span(uptime / 1000)}`;
}

function blocksText({ blocks, slow }: LagSnapshot, before: LagSnapshot | undefined): string {
  const more = blocks - (before?.blocks ?? blocks);
  const last = slow.at(-1);
  const where = last?.where === undefined ? '' : ` at ${frameText(last.where)}`;
  const latest = last === undefined ? '' : `, the latest ${ms(last.duration)}${where}: ${last.cause}`;
  return `${blocks}${more > 0 ? ` (+${more})` : ''}${latest}`;
}

function memoryText({ memory: { heapUsed, heapTotal, rss } }: Reading): string {
  return `heap ${mib(heapUsed)} of ${mib(heapTotal)}, process ${mib(rss)}`;
}

function gcLine({ monitors: [lag] }: Reading): string[] {
  return lag === undefined ? [] : [`${lag.gc.count} runs, ${ms(lag.gc.total)} in all, longest ${ms(lag.gc.max)}`];
}

function executorRow(name: string, s: ExecutorStats, before: Reading | null, now: Reading): string[] {
  const past = before?.executors[name];
  const rate =
    past === undefined || now.at <= before!.at ? '-' : (((s.completed - past.completed) * 1000) / (now.at - before!.at)).toFixed(0);
  const times = [s.waitTime.p50, s.waitTime.p99, s.runTime.p50, s.runTime.p99].map(ms);
  return [name, ...[s.workers, s.busy, s.queued, s.completed].map(String), rate, ...times];
}

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;
