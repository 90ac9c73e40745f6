/**
 * What a call of an actor costs, against comlink alone: one worker each, the same method, and a generator read to its end.
 *
 *   npm run --silent build && node --import tsx bench/actor.ts [rounds]
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { compare, machine, save, table, windowed } from './harness.ts';
import type { Contestant, Scenario } from './harness.ts';
import { Noop } from './peers/actors.js';
import { versions } from './peers/pools.ts';

const rounds = Number(process.argv[2] ?? 5);
const scenarios: readonly Scenario[] = [
  { name: 'calls, 64 in flight', units: 20_000, window: 64, shows: 'thousand/s' },
  { name: 'one call at a time', units: 4_000, window: 1, shows: 'µs each' },
];

async function actors(): Promise<Contestant> {
  const remote = await Noop.spawn();
  return {
    name: 'offloop actor',
    run: (n, w) => windowed(n, w, (k) => remote.noop(k)),
    close: async () => remote[Symbol.asyncDispose](),
  };
}

function comlink(): Contestant {
  const worker = new Worker(fileURLToPath(new URL('./peers/comlink.mjs', import.meta.url)));
  const proxy = wrap<{ noop(k: number): number }>(nodeEndpoint(worker));
  return { name: 'comlink', run: (n, w) => windowed(n, w, (k) => proxy.noop(k)), close: async () => void (await worker.terminate()) };
}

const contestants = [await actors(), comlink()];
const results = [];
console.log(Object.values(machine()).join(' · '));
for (const scenario of scenarios) {
  const result = await compare(scenario, contestants, rounds);
  results.push(result);
  console.log(`\n${table(result, 'comlink')}`);
}

const rows: Scenario = { name: 'rows of a stream, one consumer', units: 100_000, window: 1, shows: 'thousand/s' };
const remote = await Noop.spawn();
const stream: Contestant = {
  name: 'offloop actor',
  async run(n) {
    for await (const _ of remote.rows(n));
  },
  close: async () => remote[Symbol.asyncDispose](),
};
results.push(await compare(rows, [stream], rounds));
console.log(`\n${table(results.at(-1)!, 'offloop actor')}`);
for (const contestant of [...contestants, stream]) await contestant.close();
console.log(`\nsaved in ${save('actor', results, versions())}`);
