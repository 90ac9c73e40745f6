/**
 * The contract of every executor, with a real server in between and the worker in this process, so that the options of a pool
 * reach its threads. What means nothing for it is listed below, with the reason.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PoolOptions } from '../../src/index.ts';
import { RemoteExecutor, startRemoteWorker } from '../../src/executors/remote.ts';
import type { RemoteWorker } from '../../src/executors/remote.ts';
import { hasRedis, startRedis } from '../support/redis.ts';
import type { RedisServer } from '../support/redis.ts';
import { contract } from './contract.ts';

const names = ['basic', 'cancel', 'context', 'crash', 'deaths', 'errors', 'lifecycle', 'mixed', 'nested', 'streams', 'callbacks'];
const modules = names.map((name) => new URL(`../fixtures/jobs/${name}.ts`, import.meta.url));

let server: RedisServer;

/** With a worker of its own, which comes up while jobs wait for it, and goes with it. */
class WithWorker extends RemoteExecutor {
  readonly #worker: Promise<RemoteWorker | null>;

  constructor(options: PoolOptions = {}) {
    const pool = randomUUID();
    super({ url: server.url, pool });
    const { max, maxQueue: _, onFull: _o, ...threads } = options;
    const place = { url: server.url, pool, modules, threads, log: () => {} };
    this.#worker = startRemoteWorker({ ...place, ...(max === undefined ? {} : { concurrency: max }) }).catch(() => null);
  }

  override async warmup(): Promise<void> {
    await this.#worker;
    await super.warmup();
  }

  override async shutdown(options?: { timeout?: number; cancelPending?: boolean }): Promise<void> {
    await super.shutdown(options);
    await (await this.#worker)?.stop({ timeout: 0 });
  }
}

const skipped = new Map<string, string>(
  Object.entries<readonly string[]>({}).flatMap(([why, titles]) => titles.map((title): [string, string] => [title, why])),
);
const seen = new Set<string>();

describe.runIf(hasRedis())('with a server in between', () => {
  beforeAll(async () => void (server = await startRedis()));
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(({ task, skip }) => {
    seen.add(task.name);
    const why = skipped.get(task.name);
    if (why !== undefined) skip(why);
  });
  contract('RemoteExecutor', (options) => new WithWorker(options), { separate: true, processes: true, sharedMemory: false });

  it('and every line of the list above names a test', () => {
    expect([...skipped.keys()].filter((title) => !seen.has(title))).toEqual([]);
  });
});
