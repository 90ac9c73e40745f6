/**
 * What it costs to run something in a child process: no-op jobs on two of them, against other pools of processes and Python's.
 *
 *   npm run bench:processes            five rounds
 *   npm run bench:processes -- 3       three rounds
 */
import { fileURLToPath } from 'node:url';
import { ProcessPoolExecutor } from 'offloop';
import { Tinypool } from 'tinypool';
import workerpool from 'workerpool';
import { compare, machine, roundsFrom, save, table, windowed } from './harness.ts';
import type { Contestant, Result, Scenario } from './harness.ts';
import { asyncioPools } from './peers/asyncio-pools.ts';
import { noop } from './peers/jobs.js';
import { versions } from './peers/pools.ts';

const rounds = roundsFrom(process.argv[2], 5);
const WORKERS = 2;
const file = (name: string): string => fileURLToPath(new URL(`./peers/${name}`, import.meta.url));

async function offloop(): Promise<Contestant> {
  const pool = new ProcessPoolExecutor({ min: WORKERS, max: WORKERS });
  await pool.warmup();
  return { name: 'offloop', run: (n, w) => windowed(n, w, (k) => pool.submit(noop, [k])), close: () => pool.shutdown() };
}

function tinypool(): Contestant {
  const pool = new Tinypool({ filename: file('plain.mjs'), runtime: 'child_process', minThreads: WORKERS, maxThreads: WORKERS });
  return { name: 'tinypool', run: (n, w) => windowed(n, w, (k) => pool.run(k)), close: () => pool.destroy() };
}

function workerPool(): Contestant {
  const pool = workerpool.pool(file('workerpool.mjs'), { minWorkers: WORKERS, maxWorkers: WORKERS, workerType: 'process' });
  const close = async (): Promise<void> => {
    await pool.terminate();
  };
  return { name: 'workerpool', run: (n, w) => windowed(n, w, (k) => pool.exec('noop', [k])), close };
}

const scenarios: readonly Scenario[] = [
  { name: 'no-op jobs in processes, 64 in flight', units: 20_000, window: 64, shows: 'thousand/s' },
  { name: 'one round trip to a process at a time', units: 4_000, window: 1, shows: 'µs each' },
];
const python = await asyncioPools();
const contestants = [await offloop(), tinypool(), workerPool(), ...(python === null ? [] : [python.processes])];
console.log(Object.values(machine()).join(' · '));
const results: Result[] = [];
for (const scenario of scenarios) {
  const result = await compare(scenario, contestants, rounds);
  results.push(result);
  console.log(`\n${table(result, 'tinypool')}`);
}
for (const contestant of contestants) await contestant.close();
console.log(python === null ? '\npython3 is not there: no asyncio rows' : `\nasyncio: ${python.version}`);
console.log(`saved in ${save('processes', results, { ...versions(), ...(python === null ? {} : { python: python.version }) })}`);
