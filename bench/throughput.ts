/**
 * How much it costs to run something off the loop: no-op jobs on two workers, against other pools and the bare platform.
 *
 *   npm run bench            five rounds, about a minute
 *   npm run bench -- 3       three rounds
 */
import { compare, machine, save, table } from './harness.ts';
import type { Result, Scenario } from './harness.ts';
import { asyncioPools } from './peers/asyncio-pools.ts';
import * as pools from './peers/pools.ts';

const rounds = Number(process.argv[2] ?? 5);
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError(`Expected a number of rounds from 1 up, got ${process.argv[2]}`);

const scenarios: readonly Scenario[] = [
  { name: 'no-op jobs, 64 in flight', units: 100_000, window: 64, shows: 'thousand/s' },
  { name: 'no-op jobs, 100k at once', units: 100_000, window: 100_000, shows: 'thousand/s' },
  { name: 'one round trip at a time', units: 4_000, window: 1, shows: 'µs each' },
];

const python = await asyncioPools();
const contestants = [
  await pools.offloop(),
  pools.piscina(),
  pools.piscinaTuned(),
  pools.tinypool(),
  pools.workerPool(),
  pools.poolifier(),
  pools.comlink(),
  pools.bare(),
  pools.limit(),
  ...(python === null ? [] : [python.threads, python.processes]),
];
const results: Result[] = [];
console.log(Object.values(machine()).join(' · '));
for (const scenario of scenarios) {
  const result = await compare(scenario, contestants, rounds);
  results.push(result);
  console.log(`\n${table(result, 'piscina')}`);
}
for (const contestant of contestants) await contestant.close();
console.log(`\nsaved in ${save('throughput', results, { ...pools.versions(), ...(python === null ? {} : { python: python.version }) })}`);
