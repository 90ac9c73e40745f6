/**
 * What the lag monitor finds: blocks of many kinds and lengths, injected at random moments, and how many of them were reported,
 * with the right line, task, cause and duration. Kinds marked * were not looked at while the monitor was made.
 *
 *   npm run bench:lag            one round, about three minutes
 *   npm run bench:lag -- 3       three rounds
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Table from 'cli-table3';
import type { MonitorOptions, SlowReport } from 'offloop';
import { machine, median } from './harness.ts';
import { kinds } from './lag/kinds.mjs';

interface Truth {
  readonly kind: string;
  readonly origin: string;
  readonly at: number;
  readonly ms: number;
  readonly task: string;
}
type Report = Omit<SlowReport, 'stack' | 'message'>;
interface Score {
  blocks: number;
  found: number;
  line: number;
  task: number;
  cause: number;
  /** Claimed to be exact, and wrong. */
  wrong: number;
  readonly errors: number[];
}

const rounds = Number(process.argv[2] ?? 1);
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError(`Expected a number of rounds from 1 up, got ${process.argv[2]}`);

const here = fileURLToPath(new URL('.', import.meta.url));
const source = readFileSync(`${here}lag/kinds.mjs`, 'utf8').split('\n');
const configurations: readonly { name: string; options: MonitorOptions; durations: number[] }[] = [
  { name: 'watch', options: { mode: 'watch' }, durations: [130, 250] },
  { name: 'watch + profile 10 ms', options: { mode: 'watch', profile: 10 }, durations: [130, 250] },
  { name: 'debug', options: { mode: 'debug' }, durations: [26, 50, 100, 250] },
];

async function measure(configuration: (typeof configurations)[number]): Promise<{ truths: Truth[]; reports: Report[] }> {
  const args = [`${here}lag/program.mjs`, JSON.stringify({ ...configuration, rounds })];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as { truths: Truth[]; reports: Report[] };
}

function score(truths: readonly Truth[], reports: readonly Report[], threshold: number): Map<string, Score> {
  const scores = new Map<string, Score>();
  for (const truth of truths.filter(({ ms }) => ms >= threshold * 1.02)) {
    const kind = kinds.find(({ name }) => name === truth.kind)!;
    const of = scores.get(truth.kind) ?? { blocks: 0, found: 0, line: 0, task: 0, cause: 0, wrong: 0, errors: [] };
    scores.set(truth.kind, of);
    of.blocks++;
    const report = reports.find((r) => r.at < truth.at + truth.ms + 2 && r.at + r.duration > truth.at + truth.ms / 2);
    if (report === undefined) continue;
    of.found++;
    const right = source[(report.where?.line ?? 0) - 1]?.includes(`// @${kind.line ?? kind.name}`) === true;
    if (right) of.line++;
    else if (report.confidence === 'exact') of.wrong++;
    if (kind.noTask === true || report.task?.name === truth.task) of.task++;
    if (kind.causes.includes(report.cause)) of.cause++;
    else if (process.env['LAG_MISSES'] !== undefined) console.log(truth, report);
    if (kind.noTask !== true) of.errors.push(Math.abs(report.duration - truth.ms));
  }
  return scores;
}

function total(scores: Iterable<Score>): Score {
  const sum: Score = { blocks: 0, found: 0, line: 0, task: 0, cause: 0, wrong: 0, errors: [] };
  for (const s of scores) {
    for (const key of ['blocks', 'found', 'line', 'task', 'cause', 'wrong'] as const) sum[key] += s[key];
    sum.errors.push(...s.errors);
  }
  return sum;
}

const percent = (part: number, whole: number): string => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(0)} %`);
function rowOf(name: string, s: Score): string[] {
  const error = s.errors.length === 0 ? '–' : `${median(s.errors).toFixed(1)} ms`;
  return [
    name,
    String(s.blocks),
    percent(s.found, s.blocks),
    percent(s.line, s.found),
    String(s.wrong),
    percent(s.task, s.found),
    percent(s.cause, s.found),
    error,
  ];
}

const untuned = new Set(kinds.filter((kind) => kind.untuned === true).map(({ name }) => name));
const results: object[] = [];
console.log(Object.values(machine()).join(' · '));
for (const configuration of configurations) {
  const { truths, reports } = await measure(configuration);
  const scores = score(truths, reports, configuration.options.mode === 'debug' ? 20 : 100);
  const head = [configuration.name, 'blocks', 'found', 'right line', 'wrong, yet "exact"', 'right task', 'right cause', 'duration off by'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const [name, s] of scores) table.push(rowOf(untuned.has(name) ? `${name} *` : name, s));
  table.push(rowOf('all', total(scores.values())));
  console.log(table.toString());
  results.push({ ...configuration, reports: reports.length, kinds: Object.fromEntries(scores), all: total(scores.values()) });
}
mkdirSync(`${here}results`, { recursive: true });
const file = `${here}results/lag-node${process.versions.node.split('.')[0]}.json`;
writeFileSync(
  file,
  `${JSON.stringify({ ...machine(), results }, (key, value: unknown) => (key === 'errors' ? median(value as number[]) || null : value), 2)}\n`,
);
console.log(`\nsaved in ${file}`);
