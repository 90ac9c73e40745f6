import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveModule } from '../../src/executors/module-url.ts';
import { temporaryFolder, write } from '../fixtures/far-side/harness.ts';

describe('a module is named by', () => {
  const here = import.meta.url;

  it.each<[string, URL | string, string]>([
    ['a URL', new URL(here), here],
    ['the URL of another realm', { href: here } as URL, here],
    ['a URL in text', here, here],
    ['an absolute path', fileURLToPath(here), here],
    ['a module of Node', 'node:path', 'node:path'],
    ['a module of Node without its prefix', 'path', 'path'],
    ['a package', 'piscina', 'piscina'],
    ['a file of a package', '@scope/name/sub/file.js', '@scope/name/sub/file.js'],
    ['its own text', 'data:text/javascript,export default 1', 'data:text/javascript,export default 1'],
  ])('%s', (_what, given, resolved) => {
    expect(resolveModule(given)).toBe(resolved);
  });

  it.each<[unknown, string]>([
    ['./heavy.ts', "Expected url to be a URL, an absolute path or the name of a package; for a file beside yours write new URL('./file', import.meta.url), got './heavy.ts'"],
    ['../heavy.ts', "write new URL('./file', import.meta.url), got '../heavy.ts'"],
    ['https://example.org/x.js', "got 'https://example.org/x.js'"],
    ['', "got '' (string)"],
    [5, 'got 5 (number)'],
    [null, 'got null'],
  ])('nothing else: %j', (given, message) => {
    expect(() => resolveModule(given as string)).toThrow(message);
  }); // prettier-ignore

  it('the option it was given in', () => {
    expect(() => resolveModule('./x', 'options.preload[0]')).toThrow('Expected options.preload[0] to be a URL');
  });
});

describe('a file that does not exist', () => {
  const folder = temporaryFolder();
  write(folder, {
    'a.js': '',
    'b.ts': '',
    'c.mjs': '',
    'd.mts': '',
    'e.cjs': '',
    'f.cts': '',
    'g.tsx': '',
    'both.ts': '',
    'both.js': '',
    'a b#c.js': '',
  });
  const url = (name: string): string => pathToFileURL(join(folder, name)).href;

  it.each([
    ['a.ts', 'a.js'], ['a.tsx', 'a.js'], ['b.js', 'b.ts'], ['c.mts', 'c.mjs'], ['d.mjs', 'd.mts'], ['e.cts', 'e.cjs'], ['f.cjs', 'f.cts'], ['g.jsx', 'g.tsx'],
    ['g.js', 'g.tsx'], ['both.ts', 'both.ts'], ['both.js', 'both.js'], ['none.ts', 'none.ts'], ['a b#c.ts', 'a b#c.js'], ['no-extension', 'no-extension'],
  ])('%s gives way to its twin %s', (asked, found) => {
    expect(resolveModule(url(asked))).toBe(url(found));
  }); // prettier-ignore

  it('keeps its query', () => {
    expect(resolveModule(`${url('a.ts')}?v=1#x`)).toBe(`${url('a.js')}?v=1#x`);
  });

  it('may be on another machine', () => {
    expect(resolveModule('file://host/share/x.ts')).toBe('file://host/share/x.ts');
  });
});
