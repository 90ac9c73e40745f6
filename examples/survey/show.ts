/** The report: totals, problems, times, and what follows from them. Nothing here but text made of the figures it is given. */
import { count, duration, percent, plural, printable, shorten, size, wrapped } from './format.ts';
import type { Delay, Pass } from './pass.ts';
import type { Problem } from './problems.ts';
import { type Column, table } from './table.ts';
import { bold, columns, dim, green, red } from './terminal.ts';
import { type Comparison, group, type Sum, type Totals } from './totals.ts';
import type { Tree } from './walk.ts';

/** What is listed of what may be thousands. */
const EXTENSIONS = 10;
const PROBLEMS = 20;
const DIFFERENCES = 10;

export function title(root: string): void {
  print(bold(`Survey of ${printable(root)}`), '');
}

export function refusal(text: string): void {
  console.error(`survey: ${printable(text)}`);
}

export function stopped(where: string): void {
  print('', bold(`Stopped ${where}. What was done so far:`));
}

export function found({ files, folders, links }: Tree): void {
  const skipped = links === 0 ? '' : `, ${plural(links, 'link')} not followed`;
  print('', `${plural(files.length, 'file')} in ${plural(folders, 'folder')}${skipped}`);
}

export function totals({ all, byExtension, copies, largest }: Totals): void {
  if (all.files === 0) return;
  print(totalsTable(all, byExtension));
  largest.forEach(({ path, bytes }, i) => print(fact(i === 0 ? 'largest' : '', bytes, shorten(printable(path), columns() - 22))));
  if (copies.files > 0) print(fact('copies', copies.bytes, `in ${plural(copies.files, 'file')} with the contents of another`));
}

function fact(name: string, bytes: number, text: string): string {
  return `  ${name.padEnd(8)} ${size(bytes).padStart(8)}  ${text}`;
}

function totalsTable(all: Sum, byExtension: Totals['byExtension']): string {
  const rows = [...byExtension].map(([name, sum]) => ({ name: name === '' ? '(none)' : shorten(printable(name), 14), sum }));
  rows.sort((a, b) => b.sum.bytes - a.sum.bytes);
  if (rows.length > EXTENSIONS + 1) {
    const others = rows.splice(EXTENSIONS);
    rows.push({ name: `${others.length} others`, sum: others.map(({ sum }) => sum).reduce(add) });
  }
  rows.push({ name: 'total', sum: all });
  const column = (head: string, text: (sum: Sum) => string): Column => ({ head, cells: rows.map(({ sum }) => text(sum)) });
  return table([
    { head: 'extension', cells: rows.map(({ name }) => name) },
    column('files', (sum) => count(sum.files)),
    column('bytes', (sum) => size(sum.bytes)),
    { ...column('brotli', (sum) => size(sum.compressed)), spare: true },
    { ...column('', (sum) => percent(sum.compressed, sum.bytes)), spare: true },
    { ...column('lines', (sum) => count(sum.lines)), spare: true },
    { ...column('words', (sum) => count(sum.words)), spare: true },
  ]);
}

function add(a: Sum, b: Sum): Sum {
  return {
    files: a.files + b.files,
    bytes: a.bytes + b.bytes,
    compressed: a.compressed + b.compressed,
    lines: a.lines + b.lines,
    words: a.words + b.words,
  };
}

/** One line each; of thousands, the first ones, and how many more of each kind there are. */
export function problems(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  print('', bold(`${plural(problems.length, 'problem')}, left out of the totals:`));
  const sorted = [...problems].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path, text } of sorted.slice(0, PROBLEMS)) print(`  ${printable(path)}: ${text}`);
  for (const [text, more] of group(sorted.slice(PROBLEMS), ({ text }) => text)) print(`  and ${count(more.length)} more: ${text}`);
}

/** The table of times, for as many runs as have begun. */
export function times(passes: readonly Pass[], { files }: Tree): void {
  const column = (head: string, text: (pass: Pass) => string): Column => ({ head, cells: passes.map(text) });
  const late = (head: string, pick: (delay: Delay) => number): Column =>
    column(head, ({ delay }) => (delay.count === 0 ? '–' : duration(pick(delay))));
  if (passes.length === 0) return;
  print(
    '',
    table([
      column('', (pass) => pass.name),
      { ...column('files', (pass) => (pass.finished ? count(pass.done) : `${count(pass.done)} of ${count(files.length)}`)), spare: true },
      column('elapsed', (pass) => duration(pass.elapsed)),
      { ...late('late p50', (delay) => delay.p50), spare: true },
      { ...late('late p99', (delay) => delay.p99), spare: true },
      late('late max', (delay) => delay.max),
    ]),
  );
}

/** Whether the runs agree. */
export function agreement({ identical, totals, different }: Comparison): void {
  const [{ all, problems, fingerprint }] = totals;
  if (identical) {
    const facts = [
      plural(all.files, 'file'),
      size(all.bytes),
      plural(problems.length, 'problem'),
      `SHA-256 of all ${fingerprint.slice(0, 12)}…`,
    ];
    print('', ...wrap(`✔ Both runs give identical totals: ${facts.join(', ')}`).map(green));
    return;
  }
  print('', red(`✘ THE TWO RUNS DISAGREE about ${plural(different.length, 'file')}:`));
  for (const path of different.slice(0, DIFFERENCES)) print(`  ${printable(path)}`);
  if (different.length > DIFFERENCES) print(`  and ${count(different.length - DIFFERENCES)} more`);
}

/** What the loop gained, if it did. */
export function moral(inLoop: Pass, offLoop: Pass): void {
  const [before, after] = [inLoop.delay, offLoop.delay];
  if (before.count === 0 || after.count === 0) return print('Too short to tell how late the loop was.');
  const late = `Off the loop, the loop was late by at most ${duration(after.max)}`;
  const gain = after.max < before.max ? ` instead of ${duration(before.max)}` : `, in the loop by at most ${duration(before.max)}`;
  const sentence = `${late}${gain}, and the work took ${duration(offLoop.elapsed)} instead of ${duration(inLoop.elapsed)}.`;
  print(...wrap(sentence).map(bold));
}

const NOTES = [
  'late: how much later than due the loop came round, looked at every 10 ms (perf_hooks.monitorEventLoopDelay).',
  'brotli: size when compressed with quality 5, in pieces of 1 MiB. Lines and words: of text files, as wc counts them.',
  'The first run may have fetched files from the disk that the second one found in memory.',
];

export function notes(): void {
  print('', ...NOTES.flatMap(wrap).map(dim));
}

function wrap(text: string): string[] {
  return wrapped(text, columns());
}

function print(...lines: readonly string[]): void {
  console.log(lines.join('\n'));
}
