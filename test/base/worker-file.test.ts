import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { bootstrapArgv, canStripTypes, workerEntry } from '../../src/base/worker-file.ts';
import { build, repository } from '../fixtures/far-side/harness.ts';

describe('from source', () => {
  it('the entry of a worker is a .ts file', () => {
    expect(workerEntry('load')).toBe(join(repository, 'workers/load.ts'));
  });

  it('a worker needs help exactly when Node cannot strip types', () => {
    expect(canStripTypes()).toBe(Boolean((process.features as { typescript?: unknown }).typescript));
    expect(bootstrapArgv()).toEqual(canStripTypes() ? [] : ['--import', pathToFileURL(join(repository, 'workers/register-ts.mjs')).href]);
    expect(existsSync(join(repository, 'workers/register-ts.mjs'))).toBe(true);
  });

  it('a missing entry is explained', () => {
    expect(() => workerEntry('nowhere')).toThrow(/workers\/nowhere\.ts is missing\. A bundler must leave offloop external/);
  });
});

describe('built', () => {
  it('the entry is a .js file beside the built sources, and a worker needs no help', async () => {
    const folder = await build();
    vi.resetModules();
    const file = pathToFileURL(join(folder, 'dist/src/base/worker-file.js')).href;
    const built = (await import(/* @vite-ignore */ file)) as typeof import('../../src/base/worker-file.ts');
    expect(built.workerEntry('load')).toBe(join(folder, 'dist/workers/load.js'));
    expect(built.bootstrapArgv()).toEqual([]);
  });
});
