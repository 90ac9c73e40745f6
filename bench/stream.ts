/**
 * A million small rows from a generator in a worker, one by one in a loop here.
 *
 *   npm run build && node --import tsx bench/stream.ts [rounds] [rows]
 *
 * comlink has no streams; its way is a proxy of the generator, whose `next()` is a call each time. The bare contestant posts
 * batches of a fixed size without any back-pressure: a limit, not a choice.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { wrap } from 'comlink';
import type { Remote } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { ThreadPoolExecutor } from 'offloop';
import { compare, machine, save, table } from './harness.ts';
import type { Contestant, Scenario } from './harness.ts';
import { versions } from './peers/pools.ts';
import { offloaded, rows } from './peers/streams.js';
import type { Row } from './peers/streams.js';

const rounds = Number(process.argv[2] ?? 3);
const units = Number(process.argv[3] ?? 1_000_000);
if (![rounds, units].every((n) => Number.isSafeInteger(n) && n > 0))
  throw new RangeError('Expected a number of rounds and of rows from 1 up');

const file = (name: string): string => fileURLToPath(new URL(`./peers/${name}`, import.meta.url));
const check = (seen: number, n: number): void => {
  if (seen !== (n * (n - 1)) / 2) throw new Error(`rows were lost: the sum of ${n} ids is ${seen}`);
};

async function offloop(): Promise<Contestant> {
  const executor = new ThreadPoolExecutor({ min: 1, max: 1 });
  await executor.warmup();
  const stream = offloaded.with({ executor });
  const run = async (n: number): Promise<void> => {
    let sum = 0;
    for await (const { id } of stream(n)) sum += id;
    check(sum, n);
  };
  return { name: 'offloop', run, close: () => executor.shutdown() };
}

function comlink(): Contestant {
  const worker = new Worker(file('comlink-rows.mjs'));
  const api = wrap<{ rows(n: number): Promise<Iterator<Row>> }>(nodeEndpoint(worker));
  const run = async (n: number): Promise<number> => {
    const part = Math.ceil(n / 10); // it takes long, and its rows cost the same whatever their number
    const started = performance.now();
    const items = (await api.rows(part)) as unknown as Remote<Iterator<Row>>;
    let sum = 0;
    for (let next = await items.next(); next.done !== true; next = await items.next()) sum += next.value.id;
    check(sum, part);
    return (performance.now() - started) * (n / part);
  };
  return { name: 'comlink, a proxy of the generator', run, close: async () => void (await worker.terminate()) };
}

function bare(): Contestant {
  const worker = new Worker(file('bare-rows.mjs'));
  const run = (n: number): Promise<void> =>
    new Promise((resolve) => {
      let sum = 0;
      const hear = (batch: Row[] | null): void => {
        for (const { id } of batch ?? []) sum += id;
        if (batch !== null) return;
        worker.off('message', hear);
        check(sum, n);
        resolve();
      };
      worker.on('message', hear);
      worker.postMessage(n);
    });
  return { name: 'bare postMessage, batches of 128', run, close: async () => void (await worker.terminate()) };
}

async function here(n: number): Promise<void> {
  async function* later(): AsyncGenerator<Row> {
    yield* rows(n);
  }
  let sum = 0;
  for await (const { id } of later()) sum += id;
  check(sum, n);
}

const scenario: Scenario = { name: `stream of ${units} small rows`, units, window: 1, shows: 'thousand/s' };
const contestants = [await offloop(), comlink(), bare(), { name: 'an async generator on this loop', run: here, close: async () => {} }];
console.log(Object.values(machine()).join(' · '));
const result = await compare(scenario, contestants, rounds);
console.log(`\n${table(result, 'comlink, a proxy of the generator')}`);
for (const contestant of contestants) await contestant.close();
console.log(`\nsaved in ${save('stream', [result], versions())}`);
