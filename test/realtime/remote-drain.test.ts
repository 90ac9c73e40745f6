/** A worker that is told to go while hundreds of jobs are under way. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mark, step } from '../fixtures/remote/jobs.ts';
import { hasSharedRedis } from '../support/redis.ts';
import { remoteBench, until } from '../support/remote.ts';

const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);

describe.runIf(hasSharedRedis())('a worker that is told to go under load', () => {
  const bench = remoteBench();

  it('ends in time with code 0; of 600 jobs none is lost, none settles twice, and none runs twice', async () => {
    const pool = bench.pool();
    const file = bench.file();
    const executor = bench.executor(pool);
    const first = await bench.worker(pool, '--concurrency', '4');
    const settled = Array.from({ length: 600 }, () => 0);
    // Half of them are cheap and travel together, half do not: each kind stands in the way of the other.
    const jobs = settled.map((_, i) => (i % 2 ? executor.submit(step, [i, file]) : executor.submit(mark, [file, String(i)])));
    jobs.forEach((job, i) => job.onSettled(() => settled[i]!++));
    await until(() => lines(file).length >= 100);
    first.process.kill('SIGTERM');
    const told = performance.now();
    const { code, stdout } = await first.ended;
    expect([code, stdout.includes('stopped')]).toEqual([0, true]);
    expect(performance.now() - told).toBeLessThan(20_000); // jobs take milliseconds; the rest is a busy machine
    expect(lines(file).length).toBeLessThan(600); // it did not do all of it before it went
    await bench.worker(pool, '--concurrency', '4');
    expect(await Promise.all(jobs)).toEqual(settled.map((_, i) => (i % 2 ? i : String(i))));
    expect(new Set(settled)).toEqual(new Set([1]));
    const ran = lines(file).map((line) => Number(line.split(' ')[0]));
    expect(ran.sort((a, b) => a - b)).toEqual(settled.map((_, i) => i));
  });

  it('hands back what is not through by its drain timeout, and what it had not begun, to be run elsewhere', async () => {
    const pool = bench.pool();
    const [file, never] = [bench.file(), bench.file()];
    const executor = bench.executor(pool);
    const first = await bench.worker(pool, '--concurrency', '4', '--drain-timeout', '500');
    const settled = Array.from({ length: 300 }, () => 0);
    const jobs = settled.map((_, i) => executor.submit(mark, [file, String(i), i < 4 ? never : undefined]));
    jobs.forEach((job, i) => job.onSettled(() => settled[i]!++));
    await until(() => lines(file).length === 4); // all of its threads are taken, for ever
    first.process.kill('SIGTERM');
    const told = performance.now();
    expect(await first.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('4 jobs were not through within 500 ms') });
    expect(performance.now() - told).toBeLessThan(20_000);
    const second = await bench.worker(pool, '--concurrency', '8');
    expect(await Promise.all(jobs.slice(4))).toHaveLength(296);
    await until(() => lines(file).length === 304);
    for (const job of jobs.slice(0, 4)) job.cancel();
    await Promise.allSettled(jobs);
    expect(new Set(settled)).toEqual(new Set([1]));
    expect(second.process.exitCode).toBe(null);
  });
});
