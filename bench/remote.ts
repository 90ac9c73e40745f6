/**
 * RemoteExecutor beside bare BullMQ, in one run on one server: the latency of one job at a time, and throughput with 1,000 in
 * flight. All run a function that does nothing, with one worker process and the same concurrency; bare BullMQ's waits for results by
 * QueueEvents. It runs the function on its own loop; the sandboxed one runs it in threads, as ours does.
 *
 *     npm run bench:remote        needs redis-server or valkey-server on PATH, or Debian's apt-get
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Queue, QueueEvents } from 'bullmq';
import { RemoteExecutor } from 'offloop/remote';
import { machine, saveData } from './harness.ts';
import { startRedis } from '../test/support/redis.ts';
import { noop } from './remote/jobs.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, jobs: { type: 'string', default: '20000' } } });
const rounds = Number(values.rounds);
const jobs = Number(values.jobs);
const inFlight = 1000;
/** Jobs one at a time before it is another's turn: what else the machine does falls on all alike. */
const block = 100;
const blocks = 10;

async function start(file: string, ...args: string[]): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  await once(child, 'message');
  return child;
}

interface Contender {
  readonly name: string;
  run(): Promise<unknown>;
}

/** Milliseconds of each of some, one at a time. */
async function latencies({ run }: Contender): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < block; i++) {
    const before = performance.now();
    await run();
    took.push(performance.now() - before);
  }
  return took;
}

const percentile = (numbers: number[], of: number): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * of)]!;
const median = (numbers: number[]): number => percentile(numbers, 0.5);

/** Jobs per second with so many in flight all the time. */
async function throughput({ run }: Contender, total: number): Promise<number> {
  let left = total;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await run();
  };
  const before = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (total / (performance.now() - before)) * 1000;
}

await using server = await startRedis();
const connection = { url: server.url };
const workers = await Promise.all([
  start('./remote/worker-offloop.ts', server.url),
  start('./remote/worker-bullmq.ts', server.url, 'bare'),
  start('./remote/worker-bullmq.ts', server.url, 'sandboxed'),
]);
await using executor = new RemoteExecutor({ url: server.url, pool: 'bench' });

interface Bull extends Contender {
  close(): Promise<void>;
}

async function bull(name: string, pool: string): Promise<Bull> {
  const queue = new Queue(pool, { connection });
  const events = new QueueEvents(pool, { connection });
  for (const emitter of [queue, events]) emitter.setMaxListeners(0);
  await events.waitUntilReady();
  return {
    name,
    run: async () => (await queue.add('noop', {}, { removeOnComplete: { count: 5000 } })).waitUntilFinished(events),
    close: async () => void (await Promise.all([events.close(), queue.close()])),
  };
}

const bulls = [await bull('bare BullMQ', 'bare'), await bull('BullMQ, threads', 'sandboxed')];
const contenders: Contender[] = [{ name: 'offloop', run: () => executor.submit(noop, []) as unknown as Promise<unknown> }, ...bulls];
const figures = contenders.map(() => ({ took: [] as number[], medians: [] as number[], rates: [] as number[] }));
for (const contender of contenders) await throughput(contender, 3000); // warm
for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < blocks; i++) {
    for (const [at, contender] of contenders.entries()) {
      const took = await latencies(contender);
      figures[at]!.took.push(...took);
      figures[at]!.medians.push(median(took));
    }
  }
  for (const [at, contender] of contenders.entries()) figures[at]!.rates.push(await throughput(contender, jobs));
}
console.log(`${Object.values(machine()).join(' · ')}, ${rounds} rounds`);
for (const [i, { name }] of contenders.entries()) {
  const { took, rates } = figures[i]!;
  console.log(
    `${name.padEnd(15)}  round trip p50 ${percentile(took, 0.5).toFixed(2)} ms, p99 ${percentile(took, 0.99).toFixed(2)} ms; ` +
      `${Math.round(median(rates)).toLocaleString('en')} jobs/s with ${inFlight} in flight`,
  );
}
const [ours, ...theirs] = figures;
const ratios: { to: string; roundTrip: number; throughput: number }[] = [];
for (const [i, their] of theirs.entries()) {
  const trips = ours!.medians.map((ms, block) => ms / their.medians[block]!);
  const rates = ours!.rates.map((rate, round) => rate / their.rates[round]!);
  console.log(`offloop / ${bulls[i]!.name}: round trip ${median(trips).toFixed(2)}×, throughput ${median(rates).toFixed(2)}×`);
  ratios.push({ to: bulls[i]!.name, roundTrip: median(trips), throughput: median(rates) });
}
const rows = contenders.map(({ name }, i) => ({ name, roundTripMs: figures[i]!.medians, jobsPerSecond: figures[i]!.rates }));
console.log(`saved in ${saveData('remote', { rounds, inFlight, rows, ratios })}`);
for (const each of bulls) await each.close();
for (const worker of workers) worker.kill('SIGKILL');
