import { expect, it } from 'vitest';
import { ThreadPoolExecutor } from '../../src/index.ts';
import { ExecutorTotals } from '../../src/telemetry/executor-totals.ts';
import type { ExecutorFigures } from '../../src/telemetry/executor-totals.ts';
import { add } from '../fixtures/jobs/basic.ts';

it('what executors have counted stays when they are gone; several of one name are one', async () => {
  const totals = new ExecutorTotals();
  const read = (): ExecutorFigures | undefined => totals.read().find(({ name }) => name === 'counted');
  expect(read()).toBeUndefined();
  const [a, b] = [new ThreadPoolExecutor({ max: 1, name: 'counted' }), new ThreadPoolExecutor({ max: 1, name: 'counted' })];
  await Promise.all([a.submit(add, [1, 2]), a.submit(add, [1, 2]), b.submit(add, [1, 2])]);
  const together = read()!;
  expect(together.living).toHaveLength(2);
  expect(together.totals).toMatchObject({ completed: 3, failed: 0, wait: { count: 3 }, run: { count: 3 } });

  await a.shutdown();
  expect(read()).toMatchObject({ living: [{ completed: 1 }], totals: { completed: 3, run: { count: 3 } } });
  expect(read()!.totals.run.sum).toBeCloseTo(together.totals.run.sum, 6);
  await b.shutdown();
  expect(read()).toMatchObject({ living: [], totals: { completed: 3, wait: { count: 3 } } });

  totals[Symbol.dispose]();
  const c = new ThreadPoolExecutor({ max: 1, name: 'counted' });
  await c.submit(add, [1, 2]);
  await c.shutdown();
  expect(read()!.totals.completed).toBe(3); // it has stopped listening
});
