import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build as bundle } from 'esbuild';
import { describe, expect, it, vi } from 'vitest';
import { amongOthers, bootstrapArgv, canStripTypes, libraryFile, ownFolders, workerEntry } from '../../src/base/worker-file.ts';
import { build, repository, temporaryFolder } from '../fixtures/far-side/harness.ts';

describe('from source', () => {
  it('the entry of a worker is a .ts file', () => {
    expect(workerEntry('load')).toBe(join(repository, 'workers/load.ts'));
  });

  it('our own files are found by their names, and our folders end with a separator', () => {
    expect(ownFolders).toEqual({ library: join(repository, 'src/'), workers: join(repository, 'workers/') });
    expect(libraryFile('monitor/preload')).toBe(join(repository, 'src/monitor/preload.ts'));
    expect(amongOthers).toBe(false);
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
    expect(built.libraryFile('monitor/preload')).toBe(join(folder, 'dist/src/monitor/preload.js'));
    expect(built.bootstrapArgv()).toEqual([]);
    expect(built.amongOthers).toBe(false);
  });

  it('in the bundle of a program we stand among others', async () => {
    const out = join(temporaryFolder(), 'main.mjs');
    await bundle({
      entryPoints: [join(repository, 'src/base/worker-file.ts')],
      outfile: out,
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
    const bundled = (await import(/* @vite-ignore */ pathToFileURL(out).href)) as typeof import('../../src/base/worker-file.ts');
    expect(bundled.amongOthers).toBe(true);
  });
});
