/**
 * The library and the fixtures as JavaScript, for tests that start many workers and programs: from its TypeScript sources a
 * worker takes three times as long to start on Node 20, where tsx must help, and that was most of what these tests took.
 * It is also what users run. How sources run, with tsx and by Node alone, is told by the tests that use `fixtures/far-side`.
 *
 * Compiled when a run of vitest begins, by the global setup of the projects that need it, into a folder of that run.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vitest/config';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder in which src/, workers/ and test/fixtures/ are JavaScript. */
    readonly compiled: string;
  }
}

const repository = fileURLToPath(new URL('../../', import.meta.url));
const root = join(tmpdir(), `offloop-compiled-${process.pid}`);
const folder = join(root, 'dist');

function compile(): void {
  const tsc = join(repository, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(repository, 'test/tsconfig.compiled.json'), '--outDir', folder], { stdio: 'inherit' });
}

function remove(): void {
  rmSync(root, { recursive: true, force: true });
}

// oxlint-disable-next-line import/no-default-export -- vitest wants it so
export default function setup(project: TestProject): () => void {
  remove(); // of a process that was killed and had the same id; or another project's, which has no test under way yet
  mkdirSync(root);
  copyFileSync(join(repository, 'package.json'), join(root, 'package.json'));
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  compile();
  project.onTestsRerun(compile);
  project.provide('compiled', folder);
  return remove;
}

/** Tests get the compiled file when they import a source, and so one and the same library on both sides of a worker. */
export function importCompiled(): Plugin {
  let fromSource = false;
  return {
    name: 'offloop:compiled',
    enforce: 'pre',
    configureVitest: ({ vitest }) => void (fromSource = vitest.config.coverage.enabled), // it counts lines of src/
    resolveId(id, importer) {
      if (fromSource || importer === undefined || !/^\.\.?\/.*\.ts$/.test(id)) return null;
      const path = relative(repository, resolve(dirname(importer), id));
      return /^(?:src|workers|test\/fixtures)\//.test(path) ? join(folder, path.replace(/ts$/, 'js')) : null;
    },
  };
}

/** For `server.deps.external`: Node imports these files, not vitest. */
export const compiledFiles: RegExp = /\/offloop-compiled-\d+\//;
