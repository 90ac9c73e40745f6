/**
 * What beginnings and ends cost: a worker that is killed because its job is stuck, and its successor's first result; the first
 * result of a new pool; the first result of a new process, in milliseconds and in those of the processor, and what of it is the
 * import alone. Programs load what users load: the built package.
 *
 *   npm run bench:lifecycle            seven rounds
 *   npm run bench:lifecycle -- 3       three rounds
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ThreadPoolExecutor } from 'offloop';
import { Piscina } from 'piscina';
import { compare, machine, roundsFrom, save, table } from './harness.ts';
import type { Contestant, Result, Scenario } from './harness.ts';
import { noop, spin } from './peers/jobs.js';
import { versions } from './peers/pools.ts';

const rounds = roundsFrom(process.argv[2], 7);
const file = (name: string): string => fileURLToPath(new URL(`./peers/${name}`, import.meta.url));
const nothing = async (): Promise<void> => {};
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Counts from the abort of a job that has begun to the first result of the next. */
async function timed(n: number, stuck: (signal: AbortSignal) => PromiseLike<unknown>, next: () => PromiseLike<unknown>): Promise<number> {
  let counted = 0;
  for (let k = 0; k < n; k++) {
    const controller = new AbortController();
    const ended = Promise.resolve(stuck(controller.signal)).catch(() => {});
    await pause(50); // it spins by now
    const started = performance.now();
    controller.abort();
    await Promise.all([ended, next()]);
    counted += performance.now() - started;
  }
  return counted;
}

async function offloopKills(): Promise<Contestant> {
  const pool = new ThreadPoolExecutor({ min: 1, max: 1 });
  await pool.warmup();
  const run = (n: number): Promise<number> =>
    timed(n, (signal) => pool.submit(spin, [], { signal, grace: 0 }), () => pool.submit(noop, [1])); // prettier-ignore
  return { name: 'offloop', run, close: () => pool.shutdown() };
}

function piscinaKills(): Contestant {
  const pool = new Piscina({ filename: file('plain-jobs.mjs'), minThreads: 1, maxThreads: 1 });
  const run = (n: number): Promise<number> =>
    timed(n, (signal) => pool.run(null, { name: 'spin', signal }), () => pool.run(1, { name: 'noop' })); // prettier-ignore
  return { name: 'piscina', run, close: () => pool.destroy() };
}

function bareKills(): Contestant {
  const start = (): Worker => new Worker(file('bare.mjs'));
  const run = async (n: number): Promise<number> => {
    let counted = 0;
    for (let k = 0; k < n; k++) {
      const worker = start();
      await once(worker, 'online');
      await pause(50);
      const started = performance.now();
      const next = start();
      next.postMessage([1, 1]);
      await Promise.all([worker.terminate(), once(next, 'message')]);
      counted += performance.now() - started;
      await next.terminate();
    }
    return counted;
  };
  return { name: 'bare worker threads', run, close: nothing };
}

/** A pool of its own each time; ending it does not count. */
function fresh(name: string, first: () => Promise<() => PromiseLike<unknown>>): Contestant {
  const run = async (n: number): Promise<number> => {
    let counted = 0;
    for (let k = 0; k < n; k++) {
      const started = performance.now();
      const end = await first();
      counted += performance.now() - started;
      await end();
    }
    return counted;
  };
  return { name, run, close: nothing };
}

const newPools: Contestant[] = [
  fresh('offloop', async () => {
    const pool = new ThreadPoolExecutor({ max: 2 });
    await pool.submit(noop, [1]);
    return () => pool.shutdown();
  }),
  fresh('piscina', async () => {
    const pool = new Piscina({ filename: file('plain.mjs'), minThreads: 1, maxThreads: 2 });
    await pool.run(1);
    return () => pool.destroy();
  }),
  fresh('bare worker threads', async () => {
    const worker = new Worker(file('bare.mjs'));
    worker.postMessage([1, 1]);
    await once(worker, 'message');
    return () => worker.terminate();
  }),
];

interface Beginning {
  /** 'cpu': what the child says of all its threads. */
  readonly counts: 'wall' | 'cpu';
  readonly only?: 'import';
}

function newProcess(name: string, library: string, { counts, only }: Beginning): Contestant {
  const run = async (n: number): Promise<number> => {
    let counted = 0;
    for (let k = 0; k < n; k++) {
      const started = performance.now();
      const child = spawn(process.execPath, [file('first.mjs'), library, ...(only === undefined ? [] : [only])], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const gone = once(child, 'close') as Promise<[code: number | null]>;
      const [said] = (await Promise.race([once(child.stdout, 'data'), gone])) as [unknown];
      counted += counts === 'cpu' ? Number(said) : performance.now() - started;
      const [code] = await gone;
      if (code !== 0) throw new Error(`${name} ended with code ${code}`);
    }
    return counted;
  };
  return { name, run, close: nothing };
}

const newProcesses = (of: Beginning): Contestant[] => [
  newProcess('offloop', 'offloop', of),
  newProcess('piscina', 'piscina', of),
  newProcess('tinypool', 'tinypool', of),
  newProcess('bare worker threads', 'worker', of),
];

const scenarios: readonly (readonly [Scenario, readonly Contestant[]])[] = [
  [{ name: 'a stuck job is killed, the next one ends', units: 4, window: 1, shows: 'ms each' }, [await offloopKills(), piscinaKills(), bareKills()]],
  [{ name: 'the first result of a new pool', units: 4, window: 1, shows: 'ms each' }, newPools],
  [{ name: 'the first result in a new process', units: 2, window: 1, shows: 'ms each' }, newProcesses({ counts: 'wall' })],
  [{ name: 'CPU time to the first result in a new process', units: 2, window: 1, shows: 'ms each' }, newProcesses({ counts: 'cpu' })],
  [{ name: 'CPU time of a new process that only imports', units: 2, window: 1, shows: 'ms each' }, newProcesses({ counts: 'cpu', only: 'import' })],
]; // prettier-ignore

console.log(Object.values(machine()).join(' · '));
const results: Result[] = [];
for (const [scenario, contestants] of scenarios) {
  const result = await compare(scenario, contestants, rounds);
  results.push(result);
  console.log(`\n${table(result, 'piscina')}`);
  for (const contestant of contestants) await contestant.close();
}
console.log(`\nsaved in ${save('lifecycle', results, versions())}`);
