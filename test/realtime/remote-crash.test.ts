/** What a remote executor promises when processes are killed: each accepted job runs at least once, and settles exactly once. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Task } from '../../src/index.ts';
import { add, count, mark, spin, spinDeaf } from '../fixtures/remote/jobs.ts';
import { hasRedis, hasSharedRedis } from '../support/redis.ts';
import { remoteBench, until } from '../support/remote.ts';
import { failure } from '../support/virtual.ts';

const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);

/** Counts how often each of them settles. */
function settlements(tasks: readonly Task<unknown>[]): number[] {
  const counts = tasks.map(() => 0);
  tasks.forEach((task, i) => task.onSettled(() => counts[i]!++));
  return counts;
}

describe.runIf(hasSharedRedis())('when a worker', () => {
  const bench = remoteBench();

  it('is killed in the middle of a job, another one runs it within ten seconds', async () => {
    const pool = bench.pool();
    const [file, go] = [bench.file(), bench.file()];
    const first = await bench.worker(pool, '--concurrency', '1');
    const job = bench.executor(pool).submit(mark, [file, 'x', go]);
    await until(() => lines(file).length === 1);
    first.process.kill('SIGKILL');
    const killedAt = performance.now();
    await bench.worker(pool, '--concurrency', '1');
    await until(() => lines(file).length === 2);
    expect(performance.now() - killedAt).toBeLessThan(15_000); // eight by design; starting a worker takes its time on a busy machine
    writeFileSync(go, '');
    expect(await job).toBe('x');
  });

  it('is frozen, another one runs the job, and what the first one says when it wakes up is refused', async () => {
    const pool = bench.pool();
    const [file, go] = [bench.file(), bench.file()];
    const first = await bench.worker(pool, '--concurrency', '1');
    const executor = bench.executor(pool);
    const job = executor.submit(mark, [file, 'x', go]);
    const counted = settlements([job]);
    await until(() => lines(file).length === 1);
    first.process.kill('SIGSTOP');
    const second = await bench.worker(pool, '--concurrency', '1');
    await until(() => lines(file).length === 2);
    writeFileSync(go, '');
    expect(await job).toBe('x');
    first.process.kill('SIGCONT');
    expect(await executor.submit(add, [1, 1])).toBe(2);
    first.process.kill('SIGTERM');
    const { stdout, stderr } = await first.ended;
    expect(stdout).toContain('stopped');
    expect(stderr).toMatch(/a late result was refused|was given to another worker/);
    expect([counted, second.process.exitCode]).toEqual([[1], null]);
  });

  it('dies in the middle of a stream of which items were taken, the stream says so; nothing comes twice', async () => {
    const pool = bench.pool();
    const first = await bench.worker(pool, '--concurrency', '1');
    const items = count.with({ executor: bench.executor(pool), highWaterMark: 10 })(1_000_000);
    const seen: number[] = [];
    for (let i = 0; i < 100; i++) seen.push((await items.next()).value as number);
    first.process.kill('SIGKILL');
    await bench.worker(pool, '--concurrency', '1');
    const error = await failure((async () => { for await (const n of items) seen.push(n); })()); // prettier-ignore
    expect(error).toMatchObject({ code: 'OFFLOOP_WORKER_DIED' });
    expect(seen).toEqual(seen.map((_, i) => i));
  });
});

describe.runIf(hasRedis())('when the server', () => {
  const bench = remoteBench({});

  it('is killed and comes back with its file, 200 jobs are through: none is lost, none settles twice', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '2');
    const executor = bench.executor(pool);
    const file = bench.file();
    const tasks = Array.from({ length: 200 }, (_, i) => executor.submit(mark, [file, String(i)]));
    const counts = settlements(tasks);
    await until(() => lines(file).length > 10);
    await bench.server.kill();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await bench.server.start();
    expect(await Promise.all(tasks)).toEqual(tasks.map((_, i) => String(i)));
    expect(counts).toEqual(tasks.map(() => 1));
  });

  it('is wiped, jobs reject with RemoteJobLostError, and later ones run', async () => {
    const pool = bench.pool();
    const executor = bench.executor(pool);
    const jobs = [1, 2, 3].map((n) => executor.submit(add, [n, n]));
    const client = bench.server.client();
    await until(async () => (await client.keys('*')).some((key) => key.includes(`${pool}:prioritized`)));
    await client.flushall();
    for (const job of jobs) expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_REMOTE_JOB_LOST', job: 'add' });
    await bench.worker(pool);
    expect(await executor.submit(add, [1, 2])).toBe(3);
  });

  it('is gone for ten seconds in the middle, jobs wait for it', async () => {
    const pool = bench.pool();
    await bench.worker(pool);
    const executor = bench.executor(pool);
    expect(await executor.submit(add, [1, 2])).toBe(3);
    await bench.server.kill();
    const job = executor.submit(add, [2, 3]);
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    expect(job.settled).toBe(false);
    await bench.server.start();
    expect(await job).toBe(5);
  });
});

describe.runIf(hasSharedRedis())('a cancelled job', () => {
  const bench = remoteBench();

  it('that no worker has yet never runs', async () => {
    const pool = bench.pool();
    const executor = bench.executor(pool);
    const file = bench.file();
    const [early, waiting] = [executor.submit(mark, [file, 'early']), executor.submit(mark, [file, 'waiting'])];
    early.cancel('not any more');
    expect(await failure(early)).toMatchObject({ code: 'OFFLOOP_CANCELLED', reason: 'not any more' });
    const client = bench.server.client();
    await until(async () => (await client.zcard(`{offloop-${pool}}:${pool}:prioritized`)) === 1);
    waiting.cancel();
    expect(await failure(waiting)).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    expect(await client.zcard(`{offloop-${pool}}:${pool}:prioritized`)).toBe(0);
    await bench.worker(pool);
    expect(await executor.submit(add, [1, 1])).toBe(2);
    expect(lines(file)).toEqual([]);
  });

  it('whose cancellation comes while it starts settles, and leaves no worker busy', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '2');
    const executor = bench.executor(pool);
    const file = bench.file();
    const jobs = Array.from({ length: 40 }, () => executor.submit(spin, [file]));
    for (const [i, job] of jobs.entries()) setTimeout(() => job.cancel(), i * 3);
    for (const job of jobs) expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    expect(await executor.submit(add, [1, 1])).toBe(2);
    expect(lines(file).filter((line) => line === 'begun').length).toBe(lines(file).filter((line) => line === 'stopped').length);
  });

  it('that runs in a loop and looks stops, and the caller goes on when it has', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '1');
    const file = bench.file();
    const executor = bench.executor(pool);
    const job = executor.submit(spin, [file]);
    await until(() => lines(file).length === 1);
    job.cancel();
    expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    expect(lines(file)).toEqual(['begun', 'stopped']);
  });

  it('that does not look is killed after its grace; the worker lives', async () => {
    const pool = bench.pool();
    const worker = await bench.worker(pool, '--concurrency', '1');
    const file = bench.file();
    const executor = bench.executor(pool);
    const job = executor.submit(spinDeaf, [file], { grace: 50 });
    await until(() => lines(file).length === 1);
    job.cancel();
    expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    expect(await executor.submit(add, [1, 1])).toBe(2);
    expect(worker.process.exitCode).toBe(null);
  });
});
