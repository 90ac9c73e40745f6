import { expect, it } from 'vitest';
import { Child } from '../support/child.ts';

it('virtual time works under node:test', async () => {
  const { code, stdout } = await new Child('testing/node-test').ended;
  expect(stdout).toMatch(/pass 2\b/);
  expect(code).toBe(0);
});
