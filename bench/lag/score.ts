/** How much of what was told is true. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { median } from '../harness.ts';
import type { Report, Truth } from './inject.ts';
import type { Kind } from './kinds.mjs';

export interface Score {
  readonly blocks: number;
  readonly found: number;
  readonly line: number;
  /** The line, or the first one of the loop around it: there V8 lets a thread be interrupted. */
  readonly loop: number;
  /** Claimed to be exact, and wrong. */
  readonly wrong: number;
  readonly task: number;
  readonly cause: number;
  /** Milliseconds, median; null: it tells no duration. */
  readonly off: number | null;
}

export interface Judged {
  readonly kind: Kind;
  readonly truth: Truth;
  readonly report: Report | undefined;
  readonly line: boolean;
  readonly loop: boolean;
}

const folder = fileURLToPath(new URL('.', import.meta.url));
const sources = new Map(
  ['kinds.mjs', 'unseen.mjs', 'imported.mjs'].map((name) => [`${folder}${name}`, readFileSync(`${folder}${name}`, 'utf8').split('\n')]),
);

const linesOf = ({ file = '' }: Report): readonly string[] => sources.get(file.replace(/^file:\/\//, '').replace(/\?.*/, '')) ?? [];
const indentOf = (line: string): number => line.search(/\S/);

/** The line is marked with the name of the kind. */
const isMarked = (report: Report, name: string): boolean => linesOf(report)[(report.line ?? 0) - 1]?.endsWith(`// @${name}`) === true;

function opensLoopOf(report: Report, name: string): boolean {
  const [head = '', ...rest] = linesOf(report).slice((report.line ?? 0) - 1);
  if (!/^\s*(?:for|while)\b.*\{$/.test(head)) return false;
  const end = rest.findIndex((line) => indentOf(line) <= indentOf(head) && line !== '');
  return rest.slice(0, end).some((line) => line.endsWith(`// @${name}`));
}

/** A machine under load makes blocks shorter than wanted: those below the threshold are not asked for. */
export function judge(truths: readonly Truth[], reports: readonly Report[], kinds: readonly Kind[], threshold: number): Judged[] {
  return truths
    .filter(({ ms }) => ms >= threshold * 1.02)
    .map((truth) => {
      const kind = kinds.find(({ name }) => name === truth.kind)!;
      const report = reports.find((r) => isAbout(r, truth));
      const name = kind.line ?? kind.name;
      const line = report !== undefined && isMarked(report, name);
      return { kind, truth, report, line, loop: line || (report !== undefined && opensLoopOf(report, name)) };
    });
}

/** What is told without a duration arrives while the block lasts, or a little later. */
function isAbout({ at, duration, slack = 2 }: Report, { at: start, ms }: Truth): boolean {
  if (duration === undefined) return at >= start && at <= start + ms + 60;
  return at < start + ms + slack && at + duration > start + ms / 2;
}

export function scoreOf(judged: readonly Judged[]): Score {
  const found = judged.filter(({ report }) => report !== undefined) as (Judged & { report: Report })[];
  const off = found.filter(({ report }) => report.duration !== undefined).map(({ truth, report }) => Math.abs(report.duration! - truth.ms));
  return {
    blocks: judged.length,
    found: found.length,
    line: found.filter(({ line }) => line).length,
    loop: found.filter(({ loop }) => loop).length,
    wrong: found.filter(({ line, report }) => !line && report.confidence === 'exact').length,
    task: found.filter(({ truth, report }) => report.task === truth.task).length,
    cause: found.filter(({ kind, report }) => report.cause !== undefined && kind.causes.includes(report.cause)).length,
    off: off.length === 0 ? null : Math.round(median(off) * 10) / 10,
  };
}
