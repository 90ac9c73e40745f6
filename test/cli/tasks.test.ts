import { join } from 'node:path';
import { expect, test } from 'vitest';
import { shortSite } from '../../src/cli/tasks.ts';
import { offloop } from '../support/cli.ts';

test('a site is shown in short, from here', () => {
  expect(shortSite(join(process.cwd(), 'src/a.ts:12:5'))).toBe('src/a.ts:12');
  expect(shortSite(`file://${join(process.cwd(), 'src/a.ts')}:12:5`)).toBe('src/a.ts:12');
  expect(shortSite('<anonymous>')).toBe('<anonymous>');
});

test.each([['ps'], ['pstree']])('%s of a process that is not there is exit code 3', async (name) => {
  expect(await offloop([name, String(2 ** 30)])).toEqual({ code: 3, stdout: '', stderr: `offloop: there is no process ${2 ** 30}\n` });
});
