/**
 * A buffer that is moved to a worker and back, by size: what is moved is not copied, so 64 MiB should cost what 1 KiB does.
 * The median trip of each round counts: V8 answers to 64 MiB that come and go by collecting garbage now and then, on both
 * sides and for every contestant, which takes as long as the heap is large.
 *
 *   npm run bench:transfer            five rounds
 *   npm run bench:transfer -- 3       three rounds
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { move, ThreadPoolExecutor } from 'offloop';
import { move as piscinaMove, Piscina } from 'piscina';
import { compare, machine, median, roundsFrom, save, table } from './harness.ts';
import type { Contestant, Result, Scenario } from './harness.ts';
import { bounce } from './peers/jobs.js';
import { versions } from './peers/pools.ts';

const rounds = roundsFrom(process.argv[2], 5);
const file = (name: string): string => fileURLToPath(new URL(`./peers/${name}`, import.meta.url));
const sizes: readonly [name: string, bytes: number][] = [
  ['1 KiB', 2 ** 10],
  ['64 KiB', 2 ** 16],
  ['1 MiB', 2 ** 20],
  ['64 MiB', 2 ** 26],
];

/** One buffer goes there and back, time after time. */
function bouncing(
  name: string,
  bytes: number,
  there: (buffer: ArrayBuffer) => PromiseLike<ArrayBuffer>,
  close: Contestant['close'],
): Contestant {
  let buffer = new ArrayBuffer(bytes);
  const run = async (n: number): Promise<number> => {
    const times: number[] = [];
    for (let k = 0; k < n; k++) {
      const started = performance.now();
      buffer = await there(buffer);
      times.push(performance.now() - started);
    }
    if (buffer.byteLength !== bytes) throw new Error(`${name} lost the buffer`);
    return median(times) * n;
  };
  return { name, run, close };
}

async function offloop(bytes: number): Promise<Contestant> {
  const pool = new ThreadPoolExecutor({ min: 1, max: 1 });
  await pool.warmup();
  return bouncing('offloop, moved', bytes, (buffer) => pool.submit(bounce, [move(buffer)]), () => pool.shutdown()); // prettier-ignore
}

async function copied(bytes: number): Promise<Contestant> {
  const pool = new ThreadPoolExecutor({ min: 1, max: 1 });
  await pool.warmup();
  return bouncing('offloop, copied there, moved back', bytes, (buffer) => pool.submit(bounce, [buffer]), () => pool.shutdown()); // prettier-ignore
}

function piscina(bytes: number): Contestant {
  const pool = new Piscina({ filename: file('piscina-jobs.mjs'), name: 'bounce', minThreads: 1, maxThreads: 1 });
  const there = (buffer: ArrayBuffer): Promise<ArrayBuffer> => pool.run(piscinaMove(buffer)) as Promise<ArrayBuffer>;
  return bouncing('piscina, moved', bytes, there, () => pool.destroy());
}

function bare(bytes: number): Contestant {
  const worker = new Worker(file('bounce.mjs'));
  const there = (buffer: ArrayBuffer): Promise<ArrayBuffer> =>
    new Promise((resolve) => {
      worker.once('message', resolve);
      worker.postMessage(buffer, [buffer]);
    });
  return bouncing('bare postMessage, moved', bytes, there, async () => void (await worker.terminate()));
}

console.log(Object.values(machine()).join(' · '));
const results: Result[] = [];
for (const [name, bytes] of sizes) {
  const units = bytes > 2 ** 22 ? 20 : 1000;
  const scenario: Scenario = { name: `${name} there and back`, units, window: 1, shows: 'µs each' };
  const contestants = [await offloop(bytes), piscina(bytes), bare(bytes)];
  const result = await compare(scenario, contestants, rounds);
  results.push(result);
  console.log(`\n${table(result, 'bare postMessage, moved')}`);
  for (const contestant of contestants) await contestant.close();
}
// By itself: the garbage of the copies would be collected while others are measured.
const copying = [await copied(2 ** 26)];
results.push(await compare({ name: '64 MiB there by copy, moved back', units: 20, window: 1, shows: 'µs each' }, copying, rounds));
console.log(`\n${table(results.at(-1)!, copying[0]!.name)}`);
await copying[0]!.close();
const of = (size: number): number => results[size]?.rows[0]?.median ?? Number.NaN;
console.log(`\noffloop: 64 MiB take ${(of(sizes.length - 1) / of(0)).toFixed(2)} times as long as 1 KiB`);
console.log(`saved in ${save('transfer', results, versions())}`);
