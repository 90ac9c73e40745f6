import { describe, expect, it } from 'vitest';
import { count, countAndThrow } from '../fixtures/remote/jobs.ts';
import { hasSharedRedis } from '../support/redis.ts';
import { remoteBench, until } from '../support/remote.ts';
import { failure } from '../support/virtual.ts';

describe.runIf(hasSharedRedis())('a stream from another machine', () => {
  const bench = remoteBench();

  it('brings all items in order, also many times its window; the server keeps nothing of it', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '1');
    const seen: number[] = [];
    for await (const n of count.with({ executor: bench.executor(pool), highWaterMark: 16 })(2000)) seen.push(n);
    expect(seen).toEqual(Array.from({ length: 2000 }, (_, i) => i));
    const client = bench.server.client();
    await until(async () => (await client.keys(`*${pool}*:items:*`)).length === 0);
  });

  it('stops its generator when the consumer leaves, and the worker is free', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '1');
    const executor = bench.executor(pool);
    for await (const n of count.with({ executor, highWaterMark: 8 })(1e9)) if (n === 20) break;
    const again: number[] = [];
    for await (const n of count.with({ executor })(3)) again.push(n);
    expect([again, executor.statistics().queued + executor.statistics().running]).toEqual([[0, 1, 2], 0]);
  });

  it('ends with the error of its generator, after the items before', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '1');
    const seen: number[] = [];
    const items = countAndThrow.with({ executor: bench.executor(pool) })(3);
    const error = await failure((async () => { for await (const n of items) seen.push(n); })()); // prettier-ignore
    expect([seen, error]).toEqual([[0, 1, 2], expect.objectContaining({ name: 'RangeError', message: 'at 3' })]);
  });
});
