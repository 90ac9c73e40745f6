/**
 * Starts tsx inside a worker, for modules that Node cannot run by itself.
 *
 * tsx is the user's, not ours: it is looked for from the user's module, then from the working directory, then beside us. Its
 * ESM API is taken by reading its package.json, because `require.resolve` gives the CommonJS build, which on Node 20 cannot be
 * imported. Its CommonJS hooks are needed too: in a package without "type": "module" the module's own imports are requires.
 * (`--import tsx` among a worker's flags is no substitute: in workers of Node 20 it hooks `require` only.)
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface TsxHooks {
  register(options?: { namespace: string }): unknown;
}
interface ScopedTsx {
  import(specifier: string, parentURL: string): Promise<Record<string, unknown>>;
}

export interface Tsx {
  /** Imports with a fresh copy of every module below: for a graph in which Node has already cached failures. */
  importAfresh(url: string): Promise<{ readonly namespace: Record<string, unknown> }>;
}

let running: Promise<Tsx | undefined> | undefined;

/** True once modules of this worker go through tsx. */
export function tsxRuns(): boolean {
  return running !== undefined;
}

/** Sends everything that is imported from now on through tsx. Undefined when tsx is not installed. */
export async function startTsx(forModule: string): Promise<Tsx | undefined> {
  if (running !== undefined) return running;
  const folder = [forModule, pathToFileURL(join(process.cwd(), 'x')).href, import.meta.url].map(folderOfTsx).find((f) => f !== undefined);
  if (folder === undefined) return undefined; // not remembered: another module may come from where tsx is installed
  running = registerHooks(folder);
  return running;
}

function folderOfTsx(from: string): string | undefined {
  if (!from.startsWith('file:')) return undefined;
  try {
    return join(createRequire(from).resolve('tsx/package.json'), '..');
  } catch {
    return undefined;
  }
}

async function registerHooks(folder: string): Promise<Tsx> {
  const cjs = (await import(entryOf(folder, './cjs/api'))) as TsxHooks;
  cjs.register();
  const esm = (await import(entryOf(folder, './esm/api'))) as TsxHooks;
  esm.register();
  let scoped: ScopedTsx | undefined;
  return {
    async importAfresh(url) {
      scoped ??= esm.register({ namespace: 'offloop' }) as ScopedTsx;
      return { namespace: await scoped.import(url, import.meta.url) };
    },
  };
}

/** URL of what `import 'tsx/…'` would load. */
function entryOf(folder: string, subpath: './esm/api' | './cjs/api'): string {
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports?: Record<string, { import?: { default?: string } }>;
  };
  return pathToFileURL(join(folder, exports?.[subpath]?.import?.default ?? `dist/${subpath}/index.mjs`)).href;
}
