/** Remote executors and their workers for tests: every test has a pool of its own. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import { RemoteExecutor } from '../../src/executors/remote.ts';
import type { RemoteOptions } from '../../src/executors/remote.ts';
import { Child } from './child.ts';
import { sharedRedis, startRedis } from './redis.ts';
import type { RedisOptions, RedisServer } from './redis.ts';

export interface RemoteBench {
  readonly server: RedisServer;
  /** A name that no other test has. */
  pool(): string;
  executor(pool: string, options?: Partial<RemoteOptions>): RemoteExecutor;
  /** A worker in a process of its own, which takes jobs. */
  worker(pool: string, ...args: string[]): Promise<Child>;
  /** A file in a folder that is removed at the end. */
  file(): string;
}

/** Inside a `describe`: one server for all of its tests; with options, if only empty ones, it is a server of their own. */
export function remoteBench(options?: RedisOptions): RemoteBench {
  let server!: RedisServer;
  const folder = mkdtempSync(join(tmpdir(), 'offloop-remote-'));
  const executors: RemoteExecutor[] = [];
  const children: Child[] = [];
  beforeAll(async () => void (server = await (options === undefined ? sharedRedis() : startRedis(options))));
  afterEach(async () => {
    await Promise.all(executors.splice(0).map((executor) => executor.shutdown({ timeout: 0 })));
    await Promise.all(children.splice(0).map((child) => killed(child)));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get server() {
      return server;
    },
    pool: () => `test-${randomUUID()}`,
    executor(pool, more) {
      const executor = new RemoteExecutor({ url: server.url, pool, ...more });
      executors.push(executor);
      return executor;
    },
    async worker(pool, ...args) {
      const jobs = join(inject('compiled'), 'test/fixtures/remote/jobs.js');
      const child = new Child('remote/worker', jobs, '--url', server.url, '--pool', pool, ...args);
      children.push(child);
      await child.printed('ready');
      return child;
    },
    file: () => join(folder, randomUUID()),
  };
}

async function killed(child: Child): Promise<void> {
  child.process.kill('SIGCONT');
  child.process.kill('SIGKILL');
  await child.ended;
}

/** Waits until it is so; the test's own time limit ends it. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 10));
}
