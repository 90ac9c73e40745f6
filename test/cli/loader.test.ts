import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findScript, loaderFor } from '../../src/cli/loader.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'offloop-loader-')));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'app'));
mkdirSync(join(folder, 'empty'));
for (const name of ['a.js', 'b.ts', 'app/index.js']) writeFileSync(join(folder, name), '');

test('the program is found as Node finds it', () => {
  expect(findScript('a.js', folder)).toBe(join(folder, 'a.js'));
  expect(findScript('a', folder)).toBe(join(folder, 'a.js'));
  expect(findScript('app', folder)).toBe(join(folder, 'app/index.js'));
  expect(findScript(join(folder, 'b.ts'), '/')).toBe(join(folder, 'b.ts'));
});

test('a program that is not there is told in one line', () => {
  expect(() => findScript('nope.js', folder)).toThrow('run: there is no file nope.js');
  expect(() => findScript('empty', folder)).toThrow('run: empty is a folder without an index.js');
});

test('JavaScript needs no loader, TypeScript none where Node strips types', () => {
  for (const file of ['a.js', 'a.mjs', 'a.cjs', 'a']) expect(loaderFor(file, false)).toEqual([]);
  expect(loaderFor('a.ts', true)).toEqual([]);
  expect(loaderFor('a.mts', true)).toEqual([]);
});

test('an older Node gets tsx, and JSX always', () => {
  for (const [file, strips] of [
    ['/x/a.ts', false],
    ['/x/a.cts', false],
    ['/x/a.tsx', true],
  ] as const) {
    const [flag, url] = loaderFor(file, strips);
    expect(flag).toBe('--import');
    expect(url).toMatch(/^file:.*\/tsx\/dist\//);
  }
});
