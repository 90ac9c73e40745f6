import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isLoading, isUserFile, nativeAbove, pathOf, userFrames } from '../../src/monitor/frames.ts';

const frame = (file: string, fn = 'f', async = false) => ({ fn, file, line: 1, column: 1, ...(async && { async }) });
const own = new URL('../../src/core/task.ts', import.meta.url).href;

test('frames of Node, of V8 and of offloop are not the program’s', () => {
  expect(['/app/a.js', 'file:///app/a.js', 'webpack://x/a.js'].map(isUserFile)).toEqual([true, true, true]);
  expect(['', 'node:fs', own, fileURLToPath(own)].map(isUserFile)).toEqual([false, false, false, false]);
  expect(userFrames([frame('node:fs'), frame('/app/a.js'), frame(own)])).toEqual([frame('/app/a.js')]);
});

test('a file URL is shown as its path', () => {
  expect(pathOf('file:///a%20b/c.js')).toBe('/a b/c.js');
  expect(pathOf('/a/c.js')).toBe('/a/c.js');
  expect(pathOf('file://bad host/%')).toBe('file://bad host/%');
});

test('what the program has called is the frame above its innermost one', () => {
  expect(nativeAbove([frame('', 'Array.join'), frame('/app/a.js')])).toBe('Array.join');
  expect(nativeAbove([frame('/app/a.js')])).toBeUndefined();
  expect(nativeAbove([frame(own), frame('/app/a.js')])).toBeUndefined();
  expect(nativeAbove([frame('node:fs')])).toBe(undefined);
});

test('an accessor of Node is no place where time is spent', () => {
  expect(nativeAbove([frame('node:internal/util', 'get performance'), frame('/app/a.js')])).toBeUndefined();
  expect(nativeAbove([frame('node:fs', 'readFileSync'), frame('/app/a.js')])).toBe('readFileSync');
  expect(nativeAbove([frame('', 'get size'), frame('/app/a.js')])).toBe('get size');
});

test('WebAssembly is what the program has called, not a line of it', () => {
  const wasm = 'wasm://wasm/a69dcab2';
  expect(userFrames([frame(wasm, ''), frame('/app/a.js')])).toEqual([frame('/app/a.js')]);
  expect(nativeAbove([frame(wasm, ''), frame('/app/a.js')])).toBe('WebAssembly');
  expect(nativeAbove([frame(wasm, 'inner'), frame(wasm, 'hash'), frame('/app/a.js')])).toBe('WebAssembly hash');
});

test('a module being evaluated counts as loading; a loader that merely waits does not', () => {
  const loader = 'node:internal/modules/esm/module_job';
  expect(isLoading([frame('/app/a.js'), frame(loader, 'run')])).toBe(true);
  expect(isLoading([frame('/app/a.js'), frame(loader, 'run', true)])).toBe(false);
});
