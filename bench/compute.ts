/**
 * Jobs that compute for 5 to 50 ms, on two workers: how much faster than one thread they are. The work is counted in turns of a
 * loop, not in time, so a worker that gets no core gets nowhere.
 *
 *   npm run bench:compute            five rounds
 *   npm run bench:compute -- 3       three rounds
 */
import { fileURLToPath } from 'node:url';
import { ThreadPoolExecutor } from 'offloop';
import { Piscina } from 'piscina';
import { compare, machine, roundsFrom, save, table, windowed } from './harness.ts';
import type { Contestant, Scenario } from './harness.ts';
import { burn, burnAway } from './peers/jobs.js';
import { versions } from './peers/pools.ts';

const rounds = roundsFrom(process.argv[2], 5);
const WORKERS = 2;
const JOBS = 64;

/** Turns of the loop in a millisecond of this thread, once it is compiled. */
function turnsPerMillisecond(): number {
  burn(1e7);
  const started = performance.now();
  burn(1e8);
  return 1e8 / (performance.now() - started);
}
const perMillisecond = turnsPerMillisecond();
const turns = Array.from({ length: JOBS }, (_, k) => Math.round((5 + ((k * 29) % 46)) * perMillisecond));
const turnsOf = (k: number): number => turns[k % JOBS] as number;

async function offloop(): Promise<Contestant> {
  const pool = new ThreadPoolExecutor({ min: WORKERS, max: WORKERS });
  await pool.warmup();
  return { name: 'offloop', run: (n, w) => windowed(n, w, (k) => pool.submit(burnAway, [turnsOf(k)])), close: () => pool.shutdown() };
}

function piscina(): Contestant {
  const filename = fileURLToPath(new URL('./peers/piscina-jobs.mjs', import.meta.url));
  const pool = new Piscina({ filename, name: 'burn', minThreads: WORKERS, maxThreads: WORKERS });
  return { name: 'piscina', run: (n, w) => windowed(n, w, (k) => pool.run(turnsOf(k))), close: () => pool.destroy() };
}

const oneThread: Contestant = {
  name: 'one thread',
  run: async (n) => {
    for (let k = 0; k < n; k++) burn(turnsOf(k));
  },
  close: async () => {},
};

const scenario: Scenario = { name: `${JOBS} jobs of 5 to 50 ms on ${WORKERS} workers`, units: JOBS, window: JOBS, shows: 'ms each' };
const contestants = [await offloop(), piscina(), oneThread];
console.log(Object.values(machine()).join(' · '));
const result = await compare(scenario, contestants, rounds);
console.log(`\n${table(result, 'one thread')}`);
for (const contestant of contestants) await contestant.close();
console.log(`\nsaved in ${save('compute', [result], versions())}`);
