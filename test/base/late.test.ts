import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as comlink from 'comlink';
import { afterEach, expect, it, vi } from 'vitest';
import { builtin, installed } from '../../src/base/late.ts';
import { build } from '../fixtures/far-side/harness.ts';

afterEach(() => vi.unstubAllGlobals());

it('what is loaded late is what an import gives', () => {
  expect(builtin('node:fs')).toBe(fs);
  expect(installed('comlink').wrap).toBe(comlink.wrap);
});

it('Node’s modules are found although the program has replaced the global process', () => {
  vi.stubGlobal('process', {});
  expect(builtin('node:fs')).toBe(fs);
});

it('a package that Node may not load this way is refused with the flag that forbids it', async () => {
  const late = pathToFileURL(join(await build(), 'dist/src/base/late.js')).href;
  const program = `const { installed } = await import(${JSON.stringify(late)});
  try { installed('tinypool'); } catch ({ code, message, cause }) { console.log(code, message, cause.code); }`;
  const text = execFileSync(process.execPath, ['--no-experimental-require-module', '--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  expect(text).toMatch(/^OFFLOOP_INVALID_STATE tinypool is an ES module, and --no-experimental-require-module .* ERR_REQUIRE_ESM\n$/);
});
