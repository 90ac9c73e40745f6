import { describe, expect, it } from 'vitest';
import { add, fail, pid } from '../fixtures/remote/jobs.ts';
import { hasRedis } from '../support/redis.ts';
import { remoteBench } from '../support/remote.ts';
import { failure } from '../support/virtual.ts';

describe.runIf(hasRedis())('a remote executor', () => {
  const bench = remoteBench();

  it('runs functions in another process, and its tasks settle with what they return or throw', async () => {
    const pool = bench.pool();
    const worker = await bench.worker(pool);
    const executor = bench.executor(pool);
    expect(await executor.submit(add, [2, 3])).toBe(5);
    expect(await executor.submit(pid, [])).toBe(worker.process.pid);
    const error = await failure(executor.submit(fail, ['no']));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'no', code: 'E_TEST', cause: { name: 'TypeError', message: 'the cause' } });
    expect((error as Error).stack).toContain('submitted here');
  });
});
