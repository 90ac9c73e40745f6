/** The source around the lines that a report names, read when the report is written. */
import { readFileSync } from 'node:fs';
import { lastLineOf } from '../monitor/function-lines.ts';
import type { PageFrame, PageSource } from './page-model.ts';

/** The text of a file; null when there is none, or it is not to be read. */
export type ReadSource = (file: string) => string | null;

const BEFORE = 6;
const AFTER = 8;
/** Lines of a function that are shown from its head. */
const LONGEST_FUNCTION = 60;
const LONGEST_LINE = 400;
const MOST_FILES = 200;
const LARGEST_FILE = 4 * 2 ** 20;

/** From the disk, in UTF-8. */
export const fromDisk: ReadSource = (file) => {
  try {
    const text = readFileSync(file, 'utf8');
    return text.length > LARGEST_FILE ? null : text;
  } catch {
    return null;
  }
};

/** `hot`: the blamed frames, the worst first; `files` by their full path. */
export function readSources(files: readonly string[], hot: readonly PageFrame[], read: ReadSource = fromDisk): Record<number, PageSource> {
  const wanted = new Map<number, Set<number>>();
  for (const [, file, line] of hot) {
    if (file < 0) continue;
    const lines = wanted.get(file) ?? new Set<number>();
    if (wanted.size < MOST_FILES || lines.size > 0) wanted.set(file, lines.add(line));
  }
  return Object.fromEntries([...wanted].map(([file, lines]) => [file, sourceOf(files[file]!, [...lines], read)]));
}

function sourceOf(file: string, lines: readonly number[], read: ReadSource): PageSource {
  const text = read(file);
  if (text === null) return { parts: [], missing: 'The file was not there, or could not be read, when this report was made.' };
  const all = text.split(/\r?\n/);
  const within = lines.filter((line) => line <= all.length);
  if (within.length === 0) return { parts: [], missing: `The file has only ${all.length} lines now: it has changed since.` };
  const parts = merge(within.map((line) => neighbourhood(text, all.length, line)));
  return { parts: parts.map(([first, last]) => ({ first, lines: all.slice(first - 1, last).map(shorten) })), missing: null };
}

type Span = [first: number, last: number];

/** Some lines around; down to the end of a function that begins there, if that is near. */
function neighbourhood(text: string, count: number, line: number): Span {
  const end = lastLineOf(text, line) ?? line;
  const last = Math.max(line + AFTER, end <= line + LONGEST_FUNCTION ? end : line);
  return [Math.max(1, line - BEFORE), Math.min(count, last)];
}

function merge(spans: Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && span[0] <= last[1] + 3) last[1] = Math.max(last[1], span[1]);
    else merged.push(span);
  }
  return merged;
}

const shorten = (line: string): string => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)} …` : line);
