/**
 * What structured concurrency costs: each row as a ratio to a hand-written minimum (no cancellation, no order kept, no errors
 * surfaced) and to the libraries people use, in one process, interleaved, medians.
 *
 *   npm run bench:kernel            five rounds
 *   npm run bench:kernel -- 3       three rounds
 */
import { asyncio } from './peers/asyncio.ts';
import { compare, machine, save, table } from './harness.ts';
import type { Contestant, Result, Scenario } from './harness.ts';
import { lateness } from './kernel/lateness.ts';
import { scenarios } from './kernel/scenarios.ts';

const rounds = Number(process.argv[2] ?? 5);
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError(`Expected a number of rounds from 1 up, got ${process.argv[2]}`);

console.log(Object.values(machine()).join(' · '));
const python = await asyncio();
const results: Result[] = [];
for (const { scenario, contestants, key, reference = 'hand-written minimum' } of scenarios) {
  const all: Contestant[] = [...contestants];
  const row = key === undefined ? undefined : python?.[key];
  if (row !== undefined) all.push(row);
  const result = await compare(scenario satisfies Scenario, all, rounds);
  results.push(result);
  console.log(`\n${table(result, reference)}`);
}
console.log(`\na tight acquire loop beside a 1 ms timer: the timer was late by at most ${(await lateness()).toFixed(1)} ms`);
console.log(python === null ? 'python3 is not there: no asyncio rows' : `asyncio: ${python.version}`);
console.log(`saved in ${save('kernel', results, {})}`);
process.exit(0); // Effect keeps a scheduler alive
