/**
 * What a lag monitor finds, and what it costs, beside those that others use. Blocks of many kinds and lengths are injected from
 * four asynchronous origins: how many were reported, with the right line, task, cause and duration? The kinds of unseen.mjs were
 * not looked at while the monitor was made, but for the three it names. Who is blamed when nobody is to blame, and what a thousand blocks leave in memory.
 * Then the price: CPU time of a server under load, of awaits, and of doing nothing for a minute.
 *
 *   npm run bench:lag                 one round of each block, eight minutes
 *   npm run bench:lag -- 3            three rounds
 *   npm run bench:lag -- 1 found      only what is found; or only the price: cost
 */
import Table from 'cli-table3';
import { machine, median, roundsFrom, saveData } from './harness.ts';
import { growth, innocence } from './lag/innocent.ts';
import type { Growth, Innocence } from './lag/innocent.ts';
import { inject } from './lag/inject.ts';
import { installPeers } from './lag/install.ts';
import { kinds } from './lag/kinds.mjs';
import { costs } from './lag/overhead.ts';
import type { Cost } from './lag/overhead.ts';
import { judge, scoreOf } from './lag/score.ts';
import type { Judged, Score } from './lag/score.ts';
import { unseen } from './lag/unseen.mjs';

const labels: Readonly<Record<string, string>> = {
  off: 'off',
  watch: 'offloop watch',
  profile: 'offloop watch + profile',
  debug: 'offloop debug',
  sentry: 'Sentry node-native',
};
const labelOf = (contestant: string): string => labels[contestant] ?? contestant;
/** What a contestant cannot do without. */
const needs: Readonly<Record<string, string>> = { sentry: '@sentry/node-native', 'blocked-at': 'blocked-at' };

const examinations = [
  { threshold: 100, durations: [130, 250], contestants: ['watch', 'profile', 'sentry', 'blocked-at'] },
  { threshold: 20, durations: [23, 50, 100, 250], contestants: ['debug', 'sentry', 'blocked-at', 'monitorEventLoopDelay'] },
] as const;
const ours = ['watch', 'profile', 'debug'];
const priced = ['off', 'watch', 'profile', 'debug', 'sentry', 'blocked-at', 'async_hooks that do nothing', 'monitorEventLoopDelay'];

const rounds = roundsFrom(process.argv[2], 1);
const only = process.argv[3];
if (only !== undefined && only !== 'found' && only !== 'cost') throw new RangeError(`Expected found or cost, got ${only}`);

console.log(Object.values(machine()).join(' · '));
const { versions, missing } = installPeers();
console.log(Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(' · ')); // prettier-ignore
const reasonAgainst = (contestant: string): string | undefined => missing.get(needs[contestant] ?? '');

const percent = (part: number, whole: number): string => (whole === 0 ? '–' : `${Number(((100 * part) / whole).toFixed(1))} %`);

function rowOf(name: string, { blocks, found, line, loop, wrong, task, cause, off }: Score, of: Judged[]): string[] {
  const opaque = scoreOf(of.filter(({ kind }) => kind.opaque === true));
  const open = { found: found - opaque.found, line: line - opaque.line, loop: loop - opaque.loop };
  const told = (what: 'task' | 'cause', part: number): string =>
    of.some(({ report }) => report?.[what] !== undefined) ? percent(part, found) : '–';
  const lines = of.some(({ report }) => report?.file !== undefined);
  return [
    name,
    String(blocks),
    percent(found, blocks),
    lines ? percent(open.line, open.found) : '–',
    lines ? percent(open.loop, open.found) : '–',
    lines ? percent(opaque.line, opaque.found) : '–',
    String(wrong),
    told('task', task),
    told('cause', cause),
    off === null ? '–' : `${off.toFixed(1)} ms`,
  ];
}

/** Names of the kinds that a contestant had trouble with. */
function troubles(judged: readonly Judged[]): string {
  const names = new Map<string, number>();
  for (const { kind, report, line } of judged) if (report === undefined || !line) names.set(kind.name, (names.get(kind.name) ?? 0) + 1);
  return [...names].map(([name, times]) => (times === 1 ? name : `${name} × ${times}`)).join(', ');
}

async function examine({ threshold, durations, contestants }: (typeof examinations)[number]): Promise<object> {
  const head = [`threshold ${threshold} ms`, 'blocks', 'found', 'right line', '… or its loop', '… in opaque natives', 'wrong, yet “exact”', 'right task', 'right cause', 'duration off by']; // prettier-ignore
  const table = new Table({ head, style: { head: [], border: [] } });
  const saved: Record<string, object> = {};
  const notes: string[] = [];
  for (const contestant of contestants) {
    const reason = reasonAgainst(contestant);
    if (reason !== undefined) {
      table.push([labelOf(contestant), { colSpan: 9, content: `could not be installed: ${reason}` }]);
      continue;
    }
    const { truths, reports } = await inject({ contestant, threshold, durations, rounds });
    const judged = judge(truths, reports, [...kinds, ...unseen], threshold);
    const [tuned, others] = [kinds, unseen].map((set) => judged.filter(({ kind }) => set.includes(kind))) as [Judged[], Judged[]];
    table.push(rowOf(labelOf(contestant), scoreOf(tuned), tuned), rowOf('… kinds not tuned on', scoreOf(others), others));
    if (contestant in labels && contestant !== 'sentry')
      notes.push(`${labelOf(contestant)}, missed or another line: ${troubles(judged) || 'none'}`);
    if (process.env['LAG_MISSES'] !== undefined) showMisses(judged);
    const byKind = [...kinds, ...unseen].map((kind) => [kind.name, scoreOf(judged.filter((j) => j.kind === kind))] as const);
    saved[contestant] = { tuned: scoreOf(tuned), unseen: scoreOf(others), reports: reports.length, kinds: Object.fromEntries(byKind) };
  }
  console.log(`\n${table.toString()}\n${notes.join('\n')}`);
  return { threshold, durations, rounds, contestants: saved };
}

function showMisses(judged: readonly Judged[]): void {
  for (const { kind, truth, report, line } of judged) {
    const fine = report !== undefined && line && kind.causes.includes(report.cause ?? '') && report.task === truth.task;
    if (!fine) console.log(JSON.stringify({ truth, report }));
  }
}

function showCosts(all: readonly Cost[]): void {
  // Medians; the ratios are of each round to the same round without a monitor.
  const head = ['', 'CPU per request', '× off', 'CPU per await', '× off', 'idle, of a core', 'memory', 'reports while idle'];
  const table = new Table({ head, style: { head: [], border: [] } });
  const off = all.find(({ contestant }) => contestant === 'off')!;
  for (const { contestant, perRequest, requests, perAwait, awaits, idle, rss, falseAlarms } of all) {
    table.push([
      labelOf(contestant),
      `${perRequest.toFixed(1)} µs`,
      ratio(requests, off.requests).toFixed(3),
      `${perAwait.toFixed(1)} ns`,
      ratio(awaits, off.awaits).toFixed(3),
      `${idle.toFixed(2)} %`,
      `${contestant === 'off' ? '' : '+ '}${Math.max(0, rss - (contestant === 'off' ? 0 : off.rss)).toFixed(0)} MB`,
      String(falseAlarms),
    ]);
  }
  console.log(`\n${table.toString()}`);
  for (const contestant of priced) {
    const reason = reasonAgainst(contestant);
    if (reason !== undefined) console.log(`${labelOf(contestant)} could not be installed: ${reason}`);
  }
}

function showSteady(): void {
  const head = ['nobody is to blame', 'by', 'told', 'of another cause', 'a line blamed'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { contestant, trial, told, otherCause, blamed } of innocents)
    table.push([trial, labelOf(contestant), String(told), String(otherCause), String(blamed)]);
  console.log(`\n${table.toString()}`);
  for (const { contestant, blocks, rss, heap } of grown)
    console.log(
      `${labelOf(contestant)}: ${blocks} blocks told; the last 750 of 1,000 added ${rss.toFixed(1)} MB, ${heap.toFixed(2)} MB of heap`,
    );
}

/** Round by round, because a slow spell of the machine hits a whole round. */
const ratio = (times: readonly number[], base: readonly number[]): number => median(times.map((time, i) => time / base[i]!));

const started = performance.now();
const results: object[] = [];
if (only !== 'cost') for (const examination of examinations) results.push(await examine(examination));
let innocents: Innocence[] = [];
let grown: Growth[] = [];
if (only !== 'cost') {
  [innocents, grown] = await Promise.all([innocence(ours), growth(['off', 'watch', 'debug'])]);
  showSteady();
}
let price: Cost[] = [];
if (only !== 'found') {
  const able = priced.filter((contestant) => reasonAgainst(contestant) === undefined);
  price = await costs(able, { generations: 3, rounds: 3, serve: 250, awaits: 50_000, idle: 60_000 });
  showCosts(price);
}
console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s`);
if (only === undefined)
  console.log(`saved in ${saveData('lag', { versions, missing: Object.fromEntries(missing), results, innocents, grown, price })}`);
