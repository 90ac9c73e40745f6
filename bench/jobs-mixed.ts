/**
 * What batching must not cost: short jobs among long ones, the loop while many results arrive, and queues of any length.
 *
 *   npm run bench:mixed
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { ThreadPoolExecutor } from 'offloop';
import { Piscina } from 'piscina';
import { machine, median, saveData } from './harness.ts';
import { busy, noop } from './peers/jobs.js';
import { versions } from './peers/pools.ts';

const WORKERS = 2;
const tables: Table.Table[] = [];
const ROUNDS = 5;
const file = (name: string): string => fileURLToPath(new URL(`./peers/${name}`, import.meta.url));
const executor = new ThreadPoolExecutor({ min: WORKERS, max: WORKERS });
await executor.warmup();
const mixed = new Piscina({ filename: file('mixed.mjs'), minThreads: WORKERS, maxThreads: WORKERS });
const plain = new Piscina({ filename: file('plain.mjs'), minThreads: WORKERS, maxThreads: WORKERS });

const [LONG, SHORT] = [40, 0.02];
/** The same jobs for all: every fiftieth one is long. */
const times = Array.from({ length: 2000 }, (_, i) => (i % 50 === 25 ? LONG : SHORT));

async function mix(run: (ms: number) => PromiseLike<unknown>, window: number): Promise<{ wall: number; p99: number }> {
  const short: number[] = [];
  let next = 0;
  const started = performance.now();
  const lane = async (): Promise<void> => {
    for (let i = next++; i < times.length; i = next++) {
      const at = performance.now();
      await run(times[i] as number);
      if (times[i] === SHORT) short.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: window }, lane));
  short.sort((a, b) => a - b);
  return { wall: performance.now() - started, p99: short[Math.floor(short.length * 0.99)] as number };
}

async function mixTable(window: number): Promise<void> {
  const out = new Table({ head: [`2 % of ${LONG} ms among ${SHORT * 1000} µs, ${window} in flight`, 'p99 of the short, ms', 'wall, ms'] });
  const contestants = { offloop: (ms: number) => executor.submit(busy, [ms]), piscina: (ms: number) => mixed.run(ms) };
  const results = new Map(Object.keys(contestants).map((name) => [name, [] as { wall: number; p99: number }[]]));
  for (let r = 0; r < ROUNDS; r++) for (const [name, run] of Object.entries(contestants)) results.get(name)?.push(await mix(run, window));
  for (const [name, all] of results) out.push([name, median(all.map((m) => m.p99)).toFixed(1), median(all.map((m) => m.wall)).toFixed(0)]);
  tables.push(out);
  console.log(out.toString());
}

/** The longest turn of the loop from the moment everything is submitted. */
async function stall(submit: (k: number) => PromiseLike<unknown>): Promise<number> {
  const all = Array.from({ length: 40_000 }, (_, k) => submit(k));
  await new Promise((resolve) => setImmediate(resolve));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await Promise.all(all);
  delay.disable();
  return delay.max / 1e6;
}

async function stallTable(): Promise<void> {
  const out = new Table({ head: ['40k results arrive', 'longest stall, ms'] });
  const contestants = { offloop: (k: number) => executor.submit(noop, [k]), piscina: (k: number) => plain.run(k) };
  const results = new Map(Object.keys(contestants).map((name) => [name, [] as number[]]));
  for (let r = 0; r < ROUNDS; r++) for (const [name, submit] of Object.entries(contestants)) results.get(name)?.push(await stall(submit));
  for (const [name, all] of results) out.push([name, median(all).toFixed(1)]);
  tables.push(out);
  console.log(out.toString());
}

/** Both workers are kept busy, so that everything waits in the queue. */
async function queueRow(n: number): Promise<string[]> {
  const blockers = Array.from({ length: WORKERS }, () => executor.submit(busy, [1500 + n / 100]));
  const args = Array.from({ length: n }, (_, k) => [k] as [number]);
  const jobs = new Array<ReturnType<typeof executor.submit>>(n);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const t0 = performance.now();
  for (let k = 0; k < n; k++) jobs[k] = executor.submit(noop, args[k] as [number]);
  const submitted = performance.now() - t0;
  globalThis.gc?.();
  const bytes = (process.memoryUsage().heapUsed - before) / n;
  const t1 = performance.now();
  for (const job of jobs) job.cancel();
  const cancelled = performance.now() - t1;
  await Promise.all(blockers);
  const t2 = performance.now();
  await Promise.all(Array.from({ length: n }, (_, k) => executor.submit(noop, [k])));
  const ran = performance.now() - t2;
  const each = (ms: number): string => ((ms * 1000) / n).toFixed(2);
  return [
    n.toLocaleString('en'),
    each(submitted),
    globalThis.gc === undefined ? 'needs --expose-gc' : bytes.toFixed(0),
    each(cancelled),
    each(ran),
  ];
}

console.log(Object.values(machine()).join(' · '));
for (const window of [8, 64]) await mixTable(window);
await stallTable();
const out = new Table({ head: ['queued jobs', 'submit, µs each', 'bytes each', 'cancel, µs each', 'submit and run, µs each'] });
for (const n of [1_000, 10_000, 100_000, 1_000_000]) out.push(await queueRow(n));
console.log(out.toString());
tables.push(out);
const kept = tables.map((t) => ({ head: t.options.head, rows: [...t] }));
console.log(`saved in ${saveData('mixed', { versions: versions(), tables: kept })}`);
await Promise.all([executor.shutdown(), mixed.destroy(), plain.destroy()]);
