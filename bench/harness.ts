/**
 * Comparing contestants fairly on a noisy machine: all of them in one process, warmed up, then several interleaved rounds;
 * the median of each contestant's rounds counts, and what is reported is a ratio within this one run. Losing rows stay in.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';

export interface Contestant {
  readonly name: string;
  /** Does `n` units of work with at most `window` under way. May return the milliseconds that count, where not all of it does. */
  run(n: number, window: number): Promise<number | void>;
  close(): Promise<void>;
}

export interface Scenario {
  readonly name: string;
  readonly units: number;
  readonly window: number;
  /** Whether one unit's time (a round trip) or the units per second are of interest. */
  readonly shows: 'µs each' | 'ms each' | 'thousand/s';
}

export interface Row {
  readonly name: string;
  /** Microseconds per unit: the median of the rounds, and all of them. */
  readonly median: number;
  readonly rounds: readonly number[];
}

export interface Result {
  readonly scenario: Scenario;
  readonly rows: readonly Row[];
}

/** A round lasts at least this long, in milliseconds, however little work a call is: one collection of garbage must not decide it. */
const LEAST = 100;

async function timeOnce(contestant: Contestant, { units, window }: Scenario): Promise<number> {
  const began = performance.now();
  let counted = 0;
  let calls = 0;
  do {
    const started = performance.now();
    counted += (await contestant.run(units, window)) ?? performance.now() - started;
    calls++;
  } while (performance.now() - began < LEAST);
  return (counted * 1000) / (units * calls);
}

/** Rounds of all contestants in turn, so that a slow spell of the machine hits them alike; every other round in reverse. */
export async function compare(scenario: Scenario, contestants: readonly Contestant[], rounds: number): Promise<Result> {
  const times = new Map<Contestant, number[]>(contestants.map((c) => [c, []]));
  for (const c of contestants) await timeOnce(c, { ...scenario, units: Math.ceil(scenario.units / 4) }); // warm-up
  for (let r = 0; r < rounds; r++) {
    const order = r % 2 === 0 ? contestants : [...contestants].reverse();
    for (const c of order) times.get(c)?.push(await timeOnce(c, scenario));
  }
  const rows = contestants.map((c) => ({ name: c.name, median: median(times.get(c) ?? []), rounds: times.get(c) ?? [] }));
  return { scenario, rows };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The result as text: speed, its spread, and how it compares with `reference` (above 1 = better than it). */
export function table({ scenario, rows }: Result, reference: string): string {
  const base = rows.find((row) => row.name === reference)?.median ?? Number.NaN;
  const figure = (us: number): string =>
    ({ 'µs each': us.toFixed(us < 10 ? 2 : 1), 'ms each': (us / 1000).toFixed(1), 'thousand/s': (1000 / us).toFixed(1) })[scenario.shows];
  const out = new Table({ head: [scenario.name, scenario.shows, 'worst … best', `× ${reference}`], style: { head: [], border: [] } });
  for (const { name, median: us, rounds } of rows) {
    out.push([name, figure(us), `${figure(Math.max(...rounds))} … ${figure(Math.min(...rounds))}`, (base / us).toFixed(2)]);
  }
  return out.toString();
}

export function machine(): Record<string, string | number> {
  return {
    date: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    os: `${process.platform} ${release()}`,
  };
}

/** Keeps the figures of one run: `bench/results/<bench>-<node line>.json`. */
export function save(bench: string, results: readonly Result[], versions: Record<string, string>): string {
  const plain = results.map(({ scenario, rows }) => ({
    ...scenario,
    rows: rows.map((r) => ({ name: r.name, microsecondsEach: round(r.median), rounds: r.rounds.map(round) })),
  }));
  return saveData(bench, { versions, results: plain });
}

/** The same for figures of another kind. */
export function saveData(bench: string, data: object): string {
  const folder = fileURLToPath(new URL('./results/', import.meta.url));
  const file = `${folder}${bench}-node${process.versions.node.split('.')[0]}.json`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...machine(), ...data }, null, 2)}\n`);
  return file;
}

/** The number of rounds, from the command line. */
export function roundsFrom(argument: string | undefined, otherwise: number): number {
  const rounds = Number(argument ?? otherwise);
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError(`Expected a number of rounds from 1 up, got ${argument}`);
  return rounds;
}

const round = (us: number): number => Math.round(us * 100) / 100;

/** Calls `one` `n` times with at most `window` under way. */
export async function windowed(n: number, window: number, one: (k: number) => PromiseLike<unknown>): Promise<void> {
  let k = 0;
  const lane = async (): Promise<void> => {
    while (k < n) await one(k++);
  };
  await Promise.all(Array.from({ length: Math.min(window, n) }, lane));
}
