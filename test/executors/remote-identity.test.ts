import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { functionId, moduleId, moduleVersion } from '../../src/executors/remote-identity.ts';

const folder = mkdtempSync(join(tmpdir(), 'offloop-identity-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'app/sub'), { recursive: true });
mkdirSync(join(folder, 'broken/inner'), { recursive: true });
writeFileSync(join(folder, 'app/package.json'), '{ "name": "@me/shop", "version": "1.4.0" }');
writeFileSync(join(folder, 'app/sub/package.json'), '{ "type": "module" }');
writeFileSync(join(folder, 'broken/package.json'), '{');
const url = (path: string): string => pathToFileURL(join(folder, path)).href;

it('a module is called the same before and after the build', () => {
  const names = ['src/tasks/images.ts', 'dist/tasks/images.js', 'dist/src/tasks/images.mjs', 'tasks/images.cts', 'build/tasks/images.js'];
  expect(names.map((path) => moduleId(`${url(`app/${path}`)}?v=2`))).toEqual(names.map(() => '@me/shop/tasks/images'));
});

it('a folder of a build that is not at the top belongs to the name', () => {
  expect(moduleId(url('app/tasks/src/images.ts'))).toBe('@me/shop/tasks/src/images');
});

it('the nearest package.json counts, also one that has no name', () => {
  expect([moduleId(url('app/sub/x.ts')), moduleVersion(url('app/sub/x.ts'))]).toEqual(['x', '0']);
  expect(moduleVersion(url('app/src/x.ts'))).toBe('1.4.0');
});

it('without a package.json that can be read it is the name of the file', () => {
  expect([moduleId(url('broken/inner/x.ts')), moduleVersion(url('broken/inner/x.ts'))]).toEqual(['x', '0']);
});

it('what is no file is called what it is', () => {
  expect([moduleId('some-package/tasks'), moduleVersion('some-package/tasks')]).toEqual(['some-package/tasks', '0']);
});

it('a function is named by module, export and version', () => {
  expect(functionId('shop/tasks/images', 'resize', '1.4.0')).toBe('shop/tasks/images#resize@1.4.0');
  expect(functionId('shop/tasks/images', '#2', '1.4.0')).toBe('shop/tasks/images#2@1.4.0');
});
