import { expect, test } from 'vitest';
import { explain } from '../../src/cli/dump.ts';
import { InspectorError } from '../../src/cli/inspector.ts';
import { offloop } from '../support/cli.ts';

test('a process that is not there is exit code 3', async () => {
  expect(await offloop(['dump', String(2 ** 30)])).toEqual({ code: 3, stdout: '', stderr: `offloop: there is no process ${2 ** 30}\n` });
});

test('a time that makes no sense is exit code 2', async () => {
  expect(await offloop(['dump', '1', '--timeout', 'soon'])).toMatchObject({ code: 2 });
});

test('a lost connection and silence are the other process’s; what else goes wrong is passed on', () => {
  expect(explain(7, new InspectorError('closed', true))).toMatchObject({
    exitCode: 3,
    message: expect.stringContaining('process 7 ended'),
  });
  expect(explain(7, new InspectorError('no answer', false))).toMatchObject({
    exitCode: 3,
    message: expect.stringContaining('does not answer'),
  });
  const bug = new TypeError('x');
  expect(explain(7, bug)).toBe(bug);
});
