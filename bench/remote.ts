/**
 * RemoteExecutor beside bare BullMQ, in one run on one server: the latency of one job at a time, and throughput with 1,000 in
 * flight. Both run a function that does nothing, with one worker process; bare BullMQ's waits for results by QueueEvents.
 *
 *     npm run bench:remote        needs redis-server or valkey-server on PATH, or Debian's apt-get
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Queue, QueueEvents } from 'bullmq';
import { RemoteExecutor } from '../src/executors/remote.ts';
import { startRedis } from '../test/support/redis.ts';
import { noop } from './remote/jobs.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, jobs: { type: 'string', default: '20000' } } });
const rounds = Number(values.rounds);
const jobs = Number(values.jobs);
const inFlight = 1000;
const singles = 1000;

async function start(file: string, ...args: string[]): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  await once(child, 'message');
  return child;
}

interface Contender {
  readonly name: string;
  run(): Promise<unknown>;
}

/** Milliseconds: median and 99th percentile of one at a time. */
async function latency({ run }: Contender): Promise<{ p50: number; p99: number }> {
  const took: number[] = [];
  for (let i = 0; i < singles; i++) {
    const before = performance.now();
    await run();
    took.push(performance.now() - before);
  }
  took.sort((a, b) => a - b);
  return { p50: took[Math.floor(singles / 2)]!, p99: took[Math.floor(singles * 0.99)]! };
}

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

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

await using server = await startRedis();
const connection = { url: server.url };
const workers = await Promise.all([start('./remote/worker-offloop.ts', server.url), start('./remote/worker-bullmq.ts', server.url)]);
await using executor = new RemoteExecutor({ url: server.url, pool: 'bench' });
const queue = new Queue('bare', { connection });
queue.setMaxListeners(0);
const events = new QueueEvents('bare', { connection });
events.setMaxListeners(0);
await events.waitUntilReady();
const contenders: Contender[] = [
  { name: 'offloop', run: () => executor.submit(noop, []) as unknown as Promise<unknown> },
  {
    name: 'bare BullMQ',
    run: async () => (await queue.add('noop', {}, { removeOnComplete: { count: 5000 } })).waitUntilFinished(events),
  },
];
const figures = contenders.map(() => ({ p50: [] as number[], p99: [] as number[], rate: [] as number[] }));
for (const contender of contenders) await throughput(contender, 3000); // warm
for (let round = 0; round < rounds; round++) {
  for (const [i, contender] of contenders.entries()) {
    const { p50, p99 } = await latency(contender);
    figures[i]!.p50.push(p50);
    figures[i]!.p99.push(p99);
    figures[i]!.rate.push(await throughput(contender, jobs));
  }
}
console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? '?'}, medians of ${rounds} rounds`);
for (const [i, { name }] of contenders.entries()) {
  const { p50, p99, rate } = figures[i]!;
  console.log(
    `${name.padEnd(12)}  round trip p50 ${median(p50).toFixed(2)} ms, p99 ${median(p99).toFixed(2)} ms; ` +
      `${Math.round(median(rate)).toLocaleString('en')} jobs/s with ${inFlight} in flight`,
  );
}
const [ours, bare] = figures.map(({ p50, rate }) => ({ p50: median(p50), rate: median(rate) }));
console.log(
  `offloop / bare BullMQ: round trip ${(ours!.p50 / bare!.p50).toFixed(2)}×, throughput ${(ours!.rate / bare!.rate).toFixed(2)}×`,
);
await events.close();
await queue.close();
for (const worker of workers) worker.kill('SIGKILL');
