import { expect, test } from 'vitest';
import { offloop } from '../support/cli.ts';

test.each([
  [['run'], 'run: which program?'],
  [['run', '--debug'], 'run: which program?'],
  [['run', 'nope.js'], 'run: there is no file nope.js'],
  [['run', '--threshold', '5', 'nope.js'], '--threshold must be a number, 20 or more; got "5"'],
  [['run', '--debug', '--threshold', '5', 'nope.js'], '--threshold must be a number, 10 or more; got "5"'],
  [['run', '--inspect', 'nope.js'], 'run has no option --inspect (offloop run --help lists them)'],
])('%j is refused before anything starts', async (args, message) => {
  const { code, stdout, stderr } = await offloop(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
});

test('settings in the environment that cannot be are told, and not only by the program', async () => {
  const { code, stderr } = await offloop(['run', 'package.json'], { env: { OFFLOOP_MONITOR: 'wach' } });
  expect(code).toBe(2);
  expect(stderr).toMatch(/OFFLOOP_MONITOR.*wach/);
});
