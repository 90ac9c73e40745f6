import { expect, test } from 'vitest';
import { offloop } from '../support/cli.ts';

test.each([
  [['--once', '--interval', '100'], '--once takes one reading: leave out --interval'],
  [['--interval', '1'], '--interval must be a number, from 50 to'],
  [['--timeout', '0'], '--timeout must be a number, 1 or more'],
])('%j is refused', async (args, message) => {
  const { code, stderr } = await offloop(['top', '1', ...args]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test('a process that is not there is exit code 3, and the terminal is left alone', async () => {
  const { code, stdout } = await offloop(['top', String(2 ** 30)], { terminal: true });
  expect([code, stdout]).toEqual([3, '']);
});
