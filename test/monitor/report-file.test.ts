import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeReport } from '../../src/monitor/report-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'offloop-report-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string): string => join(folder, name);

test('the file is written, written again, and nothing else is left', () => {
  expect([writeReport(file('a.html'), 'one'), writeReport(file('a.html'), 'two')]).toEqual([null, null]);
  expect(readFileSync(file('a.html'), 'utf8')).toBe('two');
  expect(readdirSync(folder)).toEqual(['a.html']);
});

test('a link is followed, not replaced', () => {
  writeFileSync(file('target.html'), '');
  symlinkSync(file('target.html'), file('link.html'));
  expect(writeReport(file('link.html'), 'text')).toBeNull();
  expect(lstatSync(file('link.html')).isSymbolicLink()).toBe(true);
  expect(readFileSync(file('target.html'), 'utf8')).toBe('text');
});

test.each([
  ['a directory', () => (mkdirSync(file('d')), file('d')), 'it is a directory (EISDIR)'],
  ['no directory', () => file('nowhere/a.html'), 'its directory does not exist (ENOENT)'],
  ['a file as a directory', () => file('a.html/b.html'), 'a part of its path is not a directory (ENOTDIR)'],
  ['a name that is too long', () => file('x'.repeat(300)), 'the name is too long (ENAMETOOLONG)'],
])('%s is told as the reason', (_title, path, reason) => {
  expect(writeReport(path(), 'text')).toBe(reason);
});

test.runIf(existsSync('/dev/full'))('a full disk is told, and a device stays what it is', () => {
  expect(writeReport('/dev/full', 'text')).toBe('no space left on the device (ENOSPC)');
  expect(lstatSync('/dev/full').isCharacterDevice()).toBe(true);
  expect(writeReport('/dev/null', 'text')).toBeNull();
});

test.runIf(process.getuid?.() !== 0 && process.platform !== 'win32')('a folder without leave is told', () => {
  mkdirSync(file('closed'));
  chmodSync(file('closed'), 0o500);
  expect(writeReport(file('closed/a.html'), 'text')).toBe('permission denied (EACCES)');
});
