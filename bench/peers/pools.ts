/** Every contestant with two workers, doing the same nothing. Settings are the peers' defaults, except the number of workers. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { ThreadPoolExecutor } from 'offloop';
import { Piscina } from 'piscina';
import { FixedThreadPool } from 'poolifier';
import { Tinypool } from 'tinypool';
import workerpool from 'workerpool';
import { windowed } from '../harness.ts';
import type { Contestant } from '../harness.ts';
import { noop } from './jobs.js';

const WORKERS = 2;
const file = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

export async function offloop(): Promise<Contestant> {
  const pool = new ThreadPoolExecutor({ min: WORKERS, max: WORKERS });
  await pool.warmup();
  return { name: 'offloop', run: (n, w) => windowed(n, w, (k) => pool.submit(noop, [k])), close: () => pool.shutdown() };
}

export function piscina(): Contestant {
  const pool = new Piscina({ filename: file('plain.mjs'), minThreads: WORKERS, maxThreads: WORKERS });
  return { name: 'piscina', run: (n, w) => windowed(n, w, (k) => pool.run(k)), close: () => pool.destroy() };
}

/** As piscina's documentation advises for many small tasks. */
export function piscinaTuned(): Contestant {
  const pool = new Piscina({
    filename: file('plain.mjs'),
    minThreads: WORKERS,
    maxThreads: WORKERS,
    concurrentTasksPerWorker: 64,
    recordTiming: false,
  });
  return { name: 'piscina tuned', run: (n, w) => windowed(n, w, (k) => pool.run(k)), close: () => pool.destroy() };
}

export function poolifier(): Contestant {
  const pool = new FixedThreadPool<number, number>(WORKERS, file('poolifier.mjs'));
  return { name: 'poolifier', run: (n, w) => windowed(n, w, (k) => pool.execute(k)), close: () => pool.destroy() };
}

export function tinypool(): Contestant {
  const pool = new Tinypool({ filename: file('plain.mjs'), minThreads: WORKERS, maxThreads: WORKERS });
  return { name: 'tinypool', run: (n, w) => windowed(n, w, (k) => pool.run(k)), close: () => pool.destroy() };
}

export function workerPool(): Contestant {
  const pool = workerpool.pool(file('workerpool.mjs'), { minWorkers: WORKERS, maxWorkers: WORKERS, workerType: 'thread' });
  const run = (n: number, w: number): Promise<void> => windowed(n, w, (k) => pool.exec('noop', [k]));
  return {
    name: 'workerpool',
    run,
    close: async () => {
      await pool.terminate();
    },
  };
}

/** No pool of its own: calls go to the two workers in turn. */
export function comlink(): Contestant {
  const workers = Array.from({ length: WORKERS }, () => new Worker(file('comlink.mjs')));
  const proxies = workers.map((w) => wrap<{ noop(k: number): number }>(nodeEndpoint(w)));
  const run = (n: number, w: number): Promise<void> => windowed(n, w, (k) => (proxies[k % WORKERS] as (typeof proxies)[number]).noop(k));
  return { name: 'comlink', run, close: async () => void (await Promise.all(workers.map((w) => w.terminate()))) };
}

/** The limit without batching: postMessage and a table of promises. */
export function bare(): Contestant {
  const waiting = new Map<number, (value: number) => void>();
  const workers = Array.from({ length: WORKERS }, () => new Worker(file('bare.mjs')));
  for (const w of workers) {
    w.on('message', ([id, k]: [number, number]) => {
      waiting.get(id)?.(k);
      waiting.delete(id);
    });
  }
  let id = 0;
  const call = (k: number): Promise<number> =>
    new Promise((resolve) => {
      waiting.set(++id, resolve);
      (workers[id % WORKERS] as Worker).postMessage([id, k]);
    });
  return {
    name: 'bare postMessage',
    run: (n, w) => windowed(n, w, call),
    close: async () => void (await Promise.all(workers.map((w) => end(w)))),
  };
}

/**
 * The limit with batching: what is asked for in one go travels in one message to each worker. No queue, no errors, no
 * cancellation, no fairness.
 */
export function limit(): Contestant {
  const waiting = new Map<number, (value: number) => void>();
  const workers = Array.from({ length: WORKERS }, () => new Worker(file('batching.mjs')));
  const answered = (batch: readonly number[]): void => {
    for (let i = 0; i < batch.length; i += 2) {
      waiting.get(batch[i] as number)?.(batch[i + 1] as number);
      waiting.delete(batch[i] as number);
    }
  };
  for (const w of workers) w.on('message', answered);
  let [id, next, batch] = [0, 0, [] as number[]];
  const flush = (): void => {
    const half = Math.ceil(batch.length / 4) * 2;
    for (const part of batch.length > 16 ? [batch.slice(0, half), batch.slice(half)] : [batch])
      (workers[next++ % WORKERS] as Worker).postMessage(part);
    batch = [];
  };
  const call = (k: number): Promise<number> =>
    new Promise((resolve) => {
      waiting.set(++id, resolve);
      if (batch.push(id, k) === 2) process.nextTick(flush);
    });
  return {
    name: 'the limit',
    run: (n, w) => windowed(n, w, call),
    close: async () => void (await Promise.all(workers.map((w) => end(w)))),
  };
}

async function end(worker: Worker): Promise<void> {
  const gone = once(worker, 'exit');
  await worker.terminate();
  await gone;
}

/** The installed versions, for the record. */
export function versions(): Record<string, string> {
  const require = createRequire(import.meta.url);
  const names = ['offloop', 'piscina', 'tinypool', 'workerpool', 'poolifier', 'comlink'];
  const read = (name: string): string => {
    for (const folder of require.resolve.paths(name) ?? []) {
      try {
        return (require(`${folder}/${name}/package.json`) as { version: string }).version;
      } catch {
        // not in this folder
      }
    }
    return (require('../../package.json') as { version: string }).version;
  };
  return Object.fromEntries(names.map((name) => [name, read(name)]));
}
