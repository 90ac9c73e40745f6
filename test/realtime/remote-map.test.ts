import { describe, expect, it } from 'vitest';
import { doubled } from '../fixtures/remote/jobs.ts';
import { hasSharedRedis } from '../support/redis.ts';
import { remoteBench } from '../support/remote.ts';

const MB = 2 ** 20;

describe.runIf(hasSharedRedis())('map over a hundred thousand items', () => {
  const bench = remoteBench();

  it('keeps the memory of its submitter and of the server flat', async () => {
    const pool = bench.pool();
    await bench.worker(pool, '--concurrency', '2');
    const executor = bench.executor(pool);
    const client = bench.server.client();
    function* items(): Generator<number> {
      for (let n = 0; n < 100_000; n++) yield n;
    }
    let sum = 0;
    let at = 0;
    const heap: number[] = [];
    const keys: number[] = [];
    for await (const n of executor.map(doubled, items(), { limit: 512 })) {
      sum += n;
      if (++at % 10_000 !== 0) continue;
      heap.push(process.memoryUsage().heapUsed);
      keys.push(await client.dbsize());
    }
    expect([at, sum]).toEqual([100_000, 100_000 * 99_999]);
    expect(Math.max(...heap.slice(-3)) - Math.min(...heap)).toBeLessThan(150 * MB); // garbage included; all items and results would grow with the items
    expect(Math.max(...keys)).toBeLessThan(3000);
  });
});
