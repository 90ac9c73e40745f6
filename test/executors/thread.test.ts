import { describe, expect, it } from 'vitest';
import { ThreadPoolExecutor } from '../../src/index.ts';
import { whereAmI } from '../fixtures/jobs/basic.ts';

describe('ThreadPoolExecutor', () => {
  it('runs jobs in threads of this process', async () => {
    const executor = new ThreadPoolExecutor({ max: 1 });
    const place = await executor.submit(whereAmI, []);
    expect([place.pid, place.thread > 0, executor.statistics().kind]).toEqual([process.pid, true, 'thread']);
    await executor.shutdown();
  });
});
