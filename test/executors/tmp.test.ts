import { expect, it } from 'vitest';
import { ThreadPoolExecutor } from '../../src/index.ts';
import { add, whereAmI } from '../fixtures/jobs/basic.ts';
it('x', async () => {
  const ex = new ThreadPoolExecutor({ max: 1 });
  expect(await ex.submit(add, [1, 2])).toBe(3);
  console.log(await ex.submit(whereAmI, []), ex.statistics());
  await ex.shutdown();
});
