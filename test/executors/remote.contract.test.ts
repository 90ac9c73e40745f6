/**
 * The contract of every executor, with a real server in between and the worker in this process, so that the options of a pool
 * reach its threads. What means nothing for it is listed below, with the reason.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { PoolOptions } from '../../src/index.ts';
import { RemoteExecutor, startRemoteWorker } from '../../src/executors/remote.ts';
import type { RemoteWorker } from '../../src/executors/remote.ts';
import { hasSharedRedis, sharedRedis } from '../support/redis.ts';
import type { RedisServer } from '../support/redis.ts';
import { contract } from './contract.ts';

const names = ['basic', 'cancel', 'context', 'crash', 'errors', 'lifecycle', 'mixed', 'nested', 'streams', 'callbacks'];
/** As these tests import them: see test/support/compiled.ts. */
const modules = names.map((name) => pathToFileURL(join(inject('compiled'), `test/fixtures/jobs/${name}.js`)));

let server: RedisServer;

/** With a worker of its own, which comes up while jobs wait for it, and goes with it. */
class WithWorker extends RemoteExecutor {
  readonly #worker: Promise<RemoteWorker | null>;

  constructor(options: PoolOptions = {}) {
    const pool = randomUUID();
    super({ url: server.url, pool, patience: 1000 });
    const { max, maxQueue: _, onFull: _o, ...threads } = options;
    const place = { url: server.url, pool, modules, threads, log: () => {} };
    this.#worker = startRemoteWorker({ ...place, ...(max === undefined ? {} : { concurrency: max }) }).catch(
      (error: unknown) => (console.error('worker did not start', error), null),
    );
  }

  override async shutdown(options?: { timeout?: number; cancelPending?: boolean }): Promise<void> {
    await super.shutdown(options);
    await (await this.#worker)?.stop({ timeout: 0 });
  }
}

const notHere: Record<string, readonly string[]> = {
  'functions do not travel: a worker runs the offloaded functions of its modules and nothing else': [
    'synchronous functions, promises and other thenables all work (2)',
    'map gives the results in the order of the items, of arrays, sets and async generators (42)',
  ],
  'exports of plain modules are not registered with a worker': [
    'the function is chosen per call: one pool runs all of them (3)',
    'modules are found by URL or path, in both formats (5)',
    'an export that is a promise of a function is awaited (6)',
    'an export that is missing or no function is named, with its module; the worker lives (16)',
    'fromModule stands for every function of a module, sync and async (17)',
    'exports of a plain module are streams when they are generators, from the first call on, and jobs when they are not (17)',
    'awaiting the call of such an export gives the stream',
  ],
  'a callback cannot be called from another machine: RemoteUnsupportedError, see remote.test.ts': [
    'a worker calls a function, sync or async, and gets its value (94, TH-17)',
    'callbacks may sit anywhere in the arguments, which are left as they are; one function is one function there',
    'a call runs in the task, scope and context of the submitting call',
    'errors come back with class, code, cause and the frames of both sides',
    'registered classes survive, both ways; moved buffers are moved; what cannot be cloned is refused, both ways',
    'a call ends with its job: what it does here is cancelled when the job is',
    'a cancelled job can still call; the call sees the cancelled scope at its checkpoints only (TH-19)',
    'a call that the job did not wait for does no harm, and neither does a call after its end: that is refused',
    'streams take callbacks, too',
  ],
  'a queue has no address for a single worker: RemoteUnsupportedError, see remote.test.ts': [
    'broadcast runs once in every worker, in their order',
    'broadcast rejects with what its function throws',
  ],
  'the queue decides between jobs when a worker asks, so none is ahead because it came first; see remote.test.ts': [
    'lower priority numbers run first (33)',
  ],
  'no worker is terminated by it: a warmup that is overtaken rejects with InvalidStateError': ['while it warms up does not wait for that'],
  'ten thousand round trips through a server say nothing more than ten': [
    'ten thousand jobs one after the other do not pile anything up (37)',
  ],
  'it expects the name of the inline executor where jobs run not in workers of the executor’s own; see remote.test.ts': [
    'refuses jobs from then on, and says why (109, 131)',
  ],
};
const skipped = new Map(Object.entries(notHere).flatMap(([why, titles]) => titles.map((title): [string, string] => [title, why])));
const seen = new Set<string>();

describe.runIf(hasSharedRedis())('with a server in between', () => {
  beforeAll(async () => void (server = await sharedRedis()));
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(({ task, skip }) => {
    seen.add(task.name);
    const why = skipped.get(task.name);
    if (why !== undefined) skip(why);
  });
  contract('RemoteExecutor', (options) => new WithWorker(options), { separate: false, processes: true, sharedMemory: false });

  it('and every line of the list above names a test', () => {
    expect([...skipped.keys()].filter((title) => !seen.has(title))).toEqual([]);
  });
});
