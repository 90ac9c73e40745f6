import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Child } from '../support/child.ts';

it('virtual time works under node:test', async () => {
  const { code, stdout } = await new Child(fileURLToPath(new URL('../fixtures/testing/node-test.ts', import.meta.url))).ended;
  expect(stdout).toMatch(/pass 2\b/);
  expect(code).toBe(0);
});
