/** Which file a program is, and what Node needs to run it. */
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { canStripTypes } from '../base/worker-file.ts';
import { failure, usageError } from './command-error.ts';

/** As Node finds its main file: `app` may be app.js, or a folder with an index.js. */
export function findScript(script: string, cwd: string): string {
  const path = resolve(cwd, script);
  try {
    return createRequire(join(cwd, 'x.js')).resolve(path);
  } catch {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    throw usageError(isFolder ? `run: ${script} is a folder without an index.js` : `run: there is no file ${script}`);
  }
}

/** Flags for Node. Throws when the file is TypeScript that this Node does not read, and there is no tsx. */
export function loaderFor(file: string, strips: boolean = canStripTypes()): string[] {
  if (!/\.[cm]?tsx?$/.test(file)) return [];
  const needsTsx = file.endsWith('.tsx') || !strips;
  if (!needsTsx) return [];
  for (const from of [file, join(process.cwd(), 'x.js'), import.meta.url]) {
    try {
      return ['--import', pathToFileURL(createRequire(from).resolve('tsx')).href];
    } catch {
      // not to be found from there
    }
  }
  const reason = file.endsWith('.tsx')
    ? 'Node runs no .tsx files by itself'
    : `Node ${process.version} runs no TypeScript by itself (22.18 does)`;
  throw failure(`run: ${reason}, and tsx is not installed: npm install --save-dev tsx`);
}
