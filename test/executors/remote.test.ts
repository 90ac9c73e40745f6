import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { callback, move, timeout } from '../../src/index.ts';
import { statisticsOf } from '../../src/base/live.ts';
import { RemoteExecutor } from '../../src/executors/remote.ts';
import type { RemoteOptions } from '../../src/executors/remote.ts';
import { add, doubled, fail, mark, pid, size, sleepy, spin, step } from '../fixtures/remote/jobs.ts';
import { freePort, hasRedis, hasSharedRedis, startRedis } from '../support/redis.ts';
import { remoteBench, until } from '../support/remote.ts';
import { failure } from '../support/virtual.ts';

const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);

describe.runIf(hasSharedRedis())('a remote executor', () => {
  const bench = remoteBench();

  it('runs functions in another process, and its tasks settle with what they return or throw', async () => {
    const pool = bench.pool();
    const worker = await bench.worker(pool);
    const executor = bench.executor(pool);
    expect(await executor.submit(add, [2, 3])).toBe(5);
    expect(await add.with({ executor })(1, 1)).toBe(2);
    expect(await executor.submit(pid, [])).toBe(worker.process.pid);
    const error = await failure(executor.submit(fail, ['no']));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'no', code: 'E_TEST', cause: { name: 'TypeError', message: 'the cause' } });
    expect((error as Error).stack).toContain('submitted here');
  });

  it('three workers behind one submitter share the work; three submitters on one pool get each their own results, once', async () => {
    const pool = bench.pool();
    await Promise.all([1, 2, 3].map(() => bench.worker(pool, '--concurrency', '2')));
    const executors = [1, 2, 3].map(() => bench.executor(pool));
    const pids = new Set(await Promise.all(Array.from({ length: 60 }, async () => (await executors[0]!.submit(sleepy, [10]), executors[0]!.submit(pid, []))))); // prettier-ignore
    expect(pids.size).toBe(3);
    const settled: number[] = [];
    const all = executors.flatMap((executor, e) =>
      Array.from({ length: 200 }, (_, i) => {
        const task = executor.submit(add, [e * 1000, i]);
        task.onSettled(() => settled.push(e * 1000 + i));
        return task;
      }),
    );
    expect(await Promise.all(all)).toEqual(executors.flatMap((_, e) => Array.from({ length: 200 }, (_x, i) => e * 1000 + i)));
    expect([settled.length, new Set(settled).size]).toEqual([600, 600]);
  });

  it('runs the more urgent first, and in the order of submission within one priority', async () => {
    const pool = bench.pool();
    const executor = bench.executor(pool);
    const file = bench.file();
    const priorities = [0, 0, 5, -5, -5, 5, 0];
    const jobs = priorities.map((priority, i) => executor.submit(mark, [file, `${priority}/${i}`], { priority }));
    const client = bench.server.client();
    await until(async () => (await client.zcard(`{offloop-${pool}}:${pool}:prioritized`)) === jobs.length);
    await bench.worker(pool, '--concurrency', '1');
    await Promise.all(jobs);
    expect(lines(file).map((line) => line.split(' ')[0])).toEqual(['-5/3', '-5/4', '0/0', '0/1', '0/6', '5/2', '5/5']);
  });

  it('a job that no worker begins in time expires, and never runs', async () => {
    const pool = bench.pool();
    const executor = bench.executor(pool);
    const file = bench.file();
    const job = executor.submit(mark, [file, 'late'], { queueTimeout: 100 });
    expect(await failure(job)).toMatchObject({
      code: 'OFFLOOP_TIMEOUT',
      message: expect.stringContaining('did not start within its queueTimeout of 100 ms'),
    });
    await bench.worker(pool);
    expect(await executor.submit(add, [1, 1])).toBe(2);
    expect(lines(file)).toEqual([]);
  });

  it('a job that runs too long is stopped, and rejects with TimeoutError', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '1');
    const executor = bench.executor(pool);
    const file = bench.file();
    const error = await failure(executor.submit(spin, [file], { timeout: 100, queueTimeout: 30_000 }));
    expect(error).toMatchObject({ code: 'OFFLOOP_TIMEOUT', message: expect.stringContaining('ran longer than its timeout of 100 ms') });
    expect(lines(file)).toEqual(['begun', 'stopped']);
  });

  it('a time limit around it cancels the job where it runs', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '1');
    const executor = bench.executor(pool);
    const file = bench.file();
    const limited = timeout(1500, async () => void (await executor.submit(spin, [file])));
    expect(await failure(limited)).toMatchObject({ code: 'OFFLOOP_TIMEOUT' });
    expect(lines(file)).toEqual(['begun', 'stopped']);
  });

  it('progress comes while the job runs', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '1');
    const [file, go] = [bench.file(), bench.file()];
    const heard: unknown[] = [];
    const job = bench.executor(pool).submit(mark, [file, 'x', go], { onProgress: (value) => heard.push(value) });
    await until(() => heard.length > 0);
    expect([heard, job.settled]).toEqual([['begun'], false]);
    writeFileSync(go, '');
    expect(await job).toBe('x');
  });

  it('fifty megabytes go there and back, and nothing of them stays on the server', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '1');
    const bytes = new Uint8Array(50 * 2 ** 20).map((_, i) => i % 251);
    const back = await bench.executor(pool).submit(size, [move(bytes)]);
    expect(Buffer.compare(back, bytes)).toBe(0);
    expect(bytes.byteLength).toBe(50 * 2 ** 20); // it was copied
    const client = bench.server.client();
    await until(async () => (await client.keys(`*${pool}*`)).every((key) => !key.includes(':blob:')));
  });

  it('map keeps its window, and the submitter’s and the server’s memory stay flat', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '2');
    const executor = bench.executor(pool);
    const client = bench.server.client();
    let [most, at] = [0, 0];
    let pulled = 0;
    function* items(): Generator<number> {
      for (; pulled < 3000; pulled++) yield pulled;
    }
    for await (const n of executor.map(doubled, items(), { limit: 64 })) {
      expect(n).toBe(at++ * 2);
      most = Math.max(most, pulled - at);
      if (at % 1000 === 0) expect(await client.dbsize()).toBeLessThan(2000);
    }
    expect(at).toBe(3000);
    expect(most).toBeLessThanOrEqual(65);
    await until(async () => (await client.keys(`{offloop-${pool}}:${pool}:*-*-*`)).length === 0);
  });

  it('what it cannot do is told by a typed error', async () => {
    const executor = bench.executor(bench.pool());
    const unsupported = (message: string): object =>
      expect.objectContaining({ code: 'OFFLOOP_REMOTE_UNSUPPORTED', message: expect.stringContaining(message) });
    expect(await failure(executor.submit((n: number) => n, [1]))).toEqual(unsupported('never code that comes with a job'));
    expect(await failure(executor.submit(size, [callback(() => 0) as never]))).toEqual(unsupported('a callback cannot be called'));
    expect(await failure(executor.broadcast(add, [1, 2]))).toEqual(unsupported('once in every worker'));
    expect(await failure(executor.submit(size, [new SharedArrayBuffer(8) as never]))).toMatchObject({
      code: 'OFFLOOP_NOT_CLONEABLE',
      path: 'args',
    });
    const { port1 } = new MessageChannel();
    expect(await failure(executor.submit(size, [move(port1) as never]))).toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE' });
    port1.close();
    expect(await failure(executor.submit(undefined as never, []))).toMatchObject({ code: 'OFFLOOP_INVALID_ARGUMENT' });
    expect(await failure(executor.submit(add, 5 as never))).toMatchObject({ code: 'OFFLOOP_INVALID_ARGUMENT' });
  });

  it('warmup resolves when a worker serves the pool; the statistics tell of its threads and of the jobs here', async () => {
    const pool = bench.pool();
    const executor = bench.executor(pool, { name: 'images' });
    expect(executor.statistics()).toMatchObject({ kind: 'remote', workers: 0, queued: 0, running: 0 });
    const warm = executor.warmup();
    await bench.worker(pool, '--concurrency', '3');
    await warm;
    expect(executor.statistics()).toMatchObject({ workers: 3, idle: 3 });
    const go = bench.file();
    const jobs = [executor.submit(mark, [bench.file(), 'x', go], { name: 'mine' }), executor.submit(add, [1, 1])];
    await until(() => executor.statistics().running === 1 && executor.statistics().queued === 0);
    appendFileSync(go, '');
    await Promise.all(jobs);
    const statistics = executor.statistics();
    expect(statistics).toMatchObject({ completed: 2, failed: 0, functions: { mine: { completed: 1 }, add: { completed: 1 } } });
    expect(statistics.runTime.max).toBeGreaterThan(0);
    expect(statisticsOf('executor')['images']).toMatchObject({ completed: 2 });
  });

  it('shutdown waits for its jobs and refuses later ones; with cancelPending what waits is cancelled', async () => {
    const pool = bench.pool();
    const [first, second] = [bench.executor(pool), bench.executor(pool)];
    const job = first.submit(add, [1, 2]);
    const warming = failure(first.warmup());
    const over = first.shutdown();
    expect(await warming).toMatchObject({ code: 'OFFLOOP_INVALID_STATE' });
    expect(await failure(first.submit(add, [1, 2]))).toMatchObject({ code: 'OFFLOOP_INVALID_STATE' });
    const waiting = [second.submit(add, [1, 2]), second.submit(add, [1, 2])];
    await second.shutdown({ cancelPending: true });
    for (const one of waiting) expect(await failure(one)).toMatchObject({ code: 'OFFLOOP_CANCELLED', source: 'shutdown' });
    await bench.worker(pool);
    await over;
    expect(await job).toBe(3);
  });

  it('whose time to shut down is over leaves nothing behind: what waits is taken back, what runs is stopped', async () => {
    const pool = bench.pool();
    const worker = await bench.worker(pool, '--concurrency', '2');
    const [file, other] = [bench.file(), bench.executor(pool)];
    const executor = bench.executor(pool);
    const jobs = [executor.submit(spin, [file]), executor.submit(spin, [file]), executor.submit(spin, [file])];
    await until(() => lines(file).length === 2);
    await executor.shutdown({ timeout: 50 });
    for (const job of jobs) expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    expect(await other.submit(add, [1, 2])).toBe(3); // there is a thread for it
    await until(() => lines(file).filter((line) => line === 'stopped').length === 2);
    expect(lines(file)).toHaveLength(4);
    expect(worker.process.exitCode).toBe(null);
  });
});

describe.runIf(hasSharedRedis())('cheap jobs travel together', () => {
  const bench = remoteBench();
  const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

  /** An executor that knows how cheap the function is, and how many shipments it has made. */
  async function warm(pool: string): Promise<{ executor: RemoteExecutor; shipments(): Promise<number> }> {
    const executor = bench.executor(pool);
    const client = bench.server.client();
    const shipments = async (): Promise<number> => Number(await client.get(`{offloop-${pool}}:${pool}:id`));
    await until(async () => {
      const before = await shipments();
      await Promise.all(numbers(40).map((n) => executor.submit(step, [n])));
      return (await shipments()) - before < 10; // a step that the machine kept from running was not cheap
    });
    return { executor, shipments };
  }

  it('each gets its own result, and does not wait for one among them that takes long', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '2');
    const { executor, shipments } = await warm(pool);
    const before = await shipments();
    const go = bench.file();
    const jobs = numbers(200).map((n) => executor.submit(step, n === 50 ? [n, undefined, go] : [n]));
    const quick = numbers(200).filter((n) => n !== 50);
    expect(await Promise.all(quick.map((n) => jobs[n]!))).toEqual(quick);
    expect([jobs[50]!.settled, (await shipments()) - before < 50]).toEqual([false, true]);
    writeFileSync(go, '');
    expect(await jobs[50]).toBe(50);
  });

  it('one that is cancelled while they wait ends at once and never runs; the others do', async () => {
    const pool = bench.pool();
    const worker = await bench.worker(pool, '--concurrency', '2');
    const { executor, shipments } = await warm(pool);
    const before = await shipments();
    worker.process.kill('SIGTERM');
    await worker.ended;
    const file = bench.file();
    const jobs = numbers(20).map((n) => executor.submit(step, [n, file]));
    await until(async () => (await shipments()) > before);
    jobs[7]!.cancel();
    expect(await failure(jobs[7]!)).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    expect(jobs.filter((job) => job.settled)).toHaveLength(1);
    await bench.worker(pool, '--concurrency', '2');
    const others = jobs.filter((_, n) => n !== 7);
    expect(await Promise.all(others)).toEqual(numbers(20).filter((n) => n !== 7));
    expect(lines(file)).not.toContain('7');
    expect((await shipments()) - before).toBeLessThan(10);
  });
});

describe('a server that cannot be used', () => {
  const use = async (options: RemoteOptions, body: (executor: RemoteExecutor) => Promise<void>): Promise<void> => {
    const executor = new RemoteExecutor(options);
    try {
      await body(executor);
    } finally {
      await executor.shutdown({ timeout: 0 });
    }
  };

  it('because it is not there rejects jobs when maxOutage has passed; the password is not told', async () => {
    const url = `redis://:s3cret@127.0.0.1:${await freePort()}`;
    await use({ url, maxOutage: 300 }, async (executor) => {
      const error = await failure(executor.submit(add, [1, 2]));
      expect(error).toMatchObject({
        code: 'OFFLOOP_REMOTE_UNAVAILABLE',
        message: expect.stringContaining('for more than maxOutage (300 ms)'),
      });
      expect(inspect(error, { depth: 10 }) + inspect(executor, { depth: 10 }) + String(executor)).not.toContain('s3cret');
      expect(await failure(executor.warmup())).toBeInstanceOf(Error);
    });
  });

  it.runIf(hasRedis())('because of a wrong password rejects jobs at once, without telling it', async () => {
    const server = await startRedis({ password: 'right' });
    try {
      await use({ url: server.url.replace('right', 'wr0ng-s3cret') }, async (executor) => {
        const error = await failure(executor.submit(add, [1, 2]));
        expect(error).toMatchObject({
          code: 'OFFLOOP_REMOTE_UNAVAILABLE',
          message: expect.stringContaining('refuses this client (WRONGPASS'),
        });
        expect(inspect(error, { depth: 10 })).not.toContain('s3cret');
      });
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  it.runIf(hasRedis())('because its memory is full rejects what it does not take when maxOutage has passed', async () => {
    const server = await startRedis({ args: ['--maxmemory', '100kb'] });
    try {
      await use({ url: server.url, maxOutage: 300 }, async (executor) => {
        const error = await failure(executor.submit(add, [1, 2]));
        expect(error).toMatchObject({ code: 'OFFLOOP_REMOTE_UNAVAILABLE', message: expect.stringContaining('OOM') });
      });
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  it('is not asked with options that make no sense', () => {
    expect(() => new RemoteExecutor({ url: 'http://x' })).toThrow('options.url');
    expect(() => new RemoteExecutor({ url: 'redis://x', pol: 'y' } as never)).toThrow('Unknown option options.pol');
  });
});
