import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { Queue } from 'bullmq';
import { afterEach, describe, expect, it } from 'vitest';
import { startRemoteWorker } from '../../src/executors/remote.ts';
import type { RemoteWorker, RemoteWorkerOptions } from '../../src/executors/remote.ts';
import { add, mark, sleepy } from '../fixtures/remote/jobs.ts';
import { hasRedis, hasSharedRedis, startRedis } from '../support/redis.ts';
import { remoteBench, until } from '../support/remote.ts';
import { failure } from '../support/virtual.ts';

const jobs = new URL('../fixtures/remote/jobs.ts', import.meta.url);
const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);

describe.runIf(hasSharedRedis())('a remote worker', () => {
  const bench = remoteBench();
  const workers: RemoteWorker[] = [];
  afterEach(async () => void (await Promise.all(workers.splice(0).map((worker) => worker.stop({ timeout: 0 })))));
  const log: string[] = [];
  const start = async (pool: string, more: Partial<RemoteWorkerOptions> = {}): Promise<RemoteWorker> => {
    log.length = 0;
    const options = { url: bench.server.url, pool, modules: [jobs], concurrency: 1, log: (line: string) => log.push(line) };
    workers.push(await startRemoteWorker({ ...options, ...more }));
    return workers.at(-1)!;
  };
  const queueOf = (pool: string): Queue => new Queue(pool, { connection: { url: bench.server.url }, prefix: `{offloop-${pool}}` });

  it('refuses what a stranger wrote into the queue with one line each, and lives on', async () => {
    const pool = bench.pool();
    await start(pool);
    const queue = queueOf(pool);
    const garbage: unknown[] = [{ fn: 'rm -rf' }, 'text', null, 5, `i${Buffer.from('\x01\0junk').toString('base64')}`, 'b/../../etc'];
    for (const data of garbage) await queue.add('offloop/test/fixtures/remote/jobs#add@0.1.0', data, { jobId: randomUUID() });
    await until(async () => (await queue.getFailedCount()) === garbage.length);
    expect(log.filter((line) => line.includes('was refused'))).toHaveLength(garbage.length);
    expect(log.every((line) => !line.includes('\n'))).toBe(true);
    expect(await bench.executor(pool).submit(add, [1, 2])).toBe(3);
    await queue.close();
  });

  it('with a key runs what is signed with it, and nothing that is forged', async () => {
    const pool = bench.pool();
    const hmacKey = 'a key of more than 16 bytes';
    await start(pool, { hmacKey });
    expect(await bench.executor(pool, { hmacKey }).submit(add, [1, 2])).toBe(3);
    const file = bench.file();
    for (const forger of [bench.executor(pool), bench.executor(pool, { hmacKey: `another ${hmacKey}` })]) {
      const job = forger.submit(mark, [file, 'forged']);
      expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_REMOTE_REFUSED', message: expect.stringContaining('refused by a worker') });
    }
    expect(lines(file)).toEqual([]);
    expect(log.some((line) => line.includes('its signature is wrong'))).toBe(true);
  });

  it('cannot be made to run a signed job twice under another name', async () => {
    const pool = bench.pool();
    const hmacKey = 'a key of more than 16 bytes';
    const executor = bench.executor(pool, { hmacKey });
    const file = bench.file();
    const job = executor.submit(sleepy, [1]);
    const queue = queueOf(pool);
    await until(async () => (await queue.getPrioritizedCount()) === 1);
    const [queued] = await queue.getPrioritized();
    await queue.add('offloop/test/fixtures/remote/jobs#mark@0.1.0', queued!.data, { jobId: randomUUID() });
    await start(pool, { hmacKey });
    expect(await job).toBe(1);
    await until(async () => (await queue.getFailedCount()) === 1);
    expect(lines(file)).toEqual([]);
    await queue.close();
  });

  it('hands on what it does not know, to a worker of the other build', async () => {
    const pool = bench.pool();
    await start(pool, { version: '1' });
    await start(pool, { version: '2' });
    const [one, two] = [bench.executor(pool, { version: '1' }), bench.executor(pool, { version: '2' })];
    const all = Array.from({ length: 6 }, (_, i) => (i % 2 ? one : two).submit(add, [i, 0]));
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('rejects what no worker knows, when the patience of its submitter is over', async () => {
    const pool = bench.pool();
    await start(pool, { version: '1' });
    const error = await failure(bench.executor(pool, { version: '2', patience: 700 }).submit(add, [1, 2]));
    expect(error).toMatchObject({ code: 'OFFLOOP_FUNCTION_NOT_FOUND' });
    expect((error as Error).message).toContain('#add@1: the code is of another version');
  });

  it('drains: takes no more, lets the running job end, hands back what is not through in time', async () => {
    const pool = bench.pool();
    const executor = bench.executor(pool);
    const first = await start(pool, { concurrency: 2 });
    const [file, never] = [bench.file(), bench.file()];
    const quick = executor.submit(sleepy, [300]);
    const slow = executor.submit(mark, [file, 'slow', never]);
    await until(() => lines(file).length === 1);
    const stopping = first.stop({ timeout: 1000 });
    const late = executor.submit(add, [1, 2]);
    expect(first.health()).toMatchObject({ ready: false, draining: true });
    expect(await quick).toBe(300);
    await stopping;
    expect([slow.settled, late.settled]).toEqual([false, false]);
    expect(log.some((line) => line.includes('1 jobs were not through within 1000 ms'))).toBe(true);
    await start(pool, { concurrency: 2 });
    expect(await late).toBe(3);
    await until(() => lines(file).length === 2);
    slow.cancel();
    await failure(slow);
  });

  it('runs the settings of its threads', async () => {
    const pool = bench.pool();
    const worker = await start(pool, { threads: { recycleAfterJobs: 1 }, concurrency: 1 });
    const executor = bench.executor(pool);
    for (let i = 0; i < 3; i++) await executor.submit(add, [i, i]);
    expect(worker.statistics().recycled).toBeGreaterThan(0);
    expect(worker.functions).toContain('offloop/test/fixtures/remote/jobs#add@0.1.0');
  });
});

describe.runIf(hasRedis())('a remote worker does not start', () => {
  it('with a wrong password, which it does not tell', async () => {
    const server = await startRedis({ password: 'right' });
    try {
      const url = server.url.replace('right', 'wr0ng-s3cret');
      const error = await failure(startRemoteWorker({ url, modules: [jobs], log: () => {} }));
      expect(error).toMatchObject({ code: 'OFFLOOP_REMOTE_UNAVAILABLE', message: expect.stringContaining('WRONGPASS') });
      expect(inspect(error, { depth: 10 })).not.toContain('s3cret');
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  it('with a module that offers nothing; a server that forgets is warned of', async () => {
    const server = await startRedis({ persistent: false });
    const log: string[] = [];
    try {
      const modules = [new URL('../fixtures/jobs/plain.ts', import.meta.url)];
      const error = await failure(startRemoteWorker({ url: server.url, modules, log: (line) => log.push(line) }));
      expect(error).toMatchObject({ code: 'OFFLOOP_FUNCTION_NOT_FOUND' });
      expect(log).toEqual([expect.stringContaining('warning: the server keeps nothing on disk')]);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });
});
