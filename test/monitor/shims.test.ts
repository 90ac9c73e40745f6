import fs, { readFileSync } from 'node:fs';
import zlib from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { clock, hub } from '../../src/monitor/hub.ts';
import { installShims } from '../../src/monitor/shims.ts';

const native = { parse: JSON.parse, read: fs.readFileSync, sort: Array.prototype.sort };
let remove = (): void => {};
afterEach(() => remove());

test('without a monitor the natives are the natives', () => {
  expect(readFileSync).toBe(native.read);
  expect(JSON.parse.toString()).toContain('[native code]');
});

test('a shim looks and behaves as what it stands for', () => {
  remove = installShims();
  expect(JSON.parse).not.toBe(native.parse);
  expect(readFileSync).not.toBe(native.read); // a named import too
  expect([JSON.parse.name, JSON.parse.length, JSON.stringify.length]).toEqual(['parse', 2, 3]);
  expect(typeof fs.realpathSync.native).toBe('function');
  expect(JSON.stringify({ a: [1] }, null, 1)).toBe('{\n "a": [\n  1\n ]\n}');
  expect([3, 1, 2].sort((a, b) => a - b)).toEqual([1, 2, 3]);
  expect(new Float64Array([2, 1]).sort()).toEqual(new Float64Array([1, 2]));
  expect(() => JSON.parse('{')).toThrow(SyntaxError);
  expect(() => readFileSync('/nowhere')).toThrow(/ENOENT/);
  expect(Object.keys(globalThis)).toContain('structuredClone');
});

test('a shim goes by the name under which it is called, whatever that of the native is', () => {
  remove = installShims();
  expect([fs.readFileSync.name, zlib.gzipSync.name, [].sort.name]).toEqual(['readFileSync', 'gzipSync', 'sort']);
});

test('the last monitor to go takes them away', () => {
  const [first, second] = [installShims(), installShims()];
  first();
  first();
  expect(JSON.parse).not.toBe(native.parse);
  second();
  expect([JSON.parse, readFileSync, Array.prototype.sort]).toEqual([native.parse, native.read, native.sort]);
});

test('a question that nobody comes to put delays a call by a few milliseconds, once', () => {
  remove = installShims();
  hub().pending[0] = 1;
  const before = clock();
  JSON.parse('1');
  expect(clock() - before).toBeGreaterThanOrEqual(3);
  hub().pending[0] = 0;
});

test('what others have put over a shim is left to them', () => {
  const put = installShims();
  const host = fs as unknown as { statSync: unknown };
  const ours = host.statSync as typeof fs.statSync;
  const theirs = (path: string) => ours(path);
  host.statSync = theirs;
  put();
  expect(host.statSync).toBe(theirs);
  expect(theirs('/').isDirectory()).toBe(true);
  host.statSync = ours;
});
