/**
 * Starts tsx inside a worker, for modules that Node cannot run by itself.
 *
 * tsx is the user's, not ours. The one that runs the program is taken, or else it is looked for from the user's module, from
 * the working directory, and beside us. Its CommonJS hooks are needed too: in a package without "type": "module" a module's own imports become requires.
 * (`--import tsx` among a worker's flags is no substitute: in workers of Node 20 it hooks `require` only.)
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workerState } from '../src/executors/worker-state.ts';
import { importFrom } from './import-from.ts';
import type { Imported } from './import-from.ts';

interface TsxHooks {
  register(options?: { namespace: string }): unknown;
}
interface ScopedTsx {
  import(specifier: string, parentURL: string): Promise<Record<string, unknown>>;
}

export interface Tsx {
  /** Imports with a fresh copy of every module below: for a graph in which Node has already cached failures. */
  importAfresh(url: string): Promise<Imported>;
}

let running: Tsx | undefined;

/** True once modules of this worker go through tsx. */
export function tsxRuns(): boolean {
  return running !== undefined;
}

/** Sends everything that is imported from now on through tsx. Undefined when tsx is not installed. */
export async function startTsx(forModule: string): Promise<Tsx | undefined> {
  const folders = [workerState()?.hints.tsxFrom, dirname(fileURLToPath(forModule)), process.cwd(), import.meta.dirname];
  for (const folder of folders) {
    if (running !== undefined) break;
    if (folder !== undefined) running = await registerHooks(folder);
  }
  return running; // a failure is not remembered: another module may come from where tsx is installed
}

async function registerHooks(folder: string): Promise<Tsx | undefined> {
  const load = importFrom(folder) as (specifier: string) => Promise<TsxHooks & Record<string, unknown>>;
  const found = await Promise.all([load('tsx/cjs/api'), load('tsx/esm/api')]).catch(ignoreMissing);
  if (found === undefined) return undefined;
  const [cjs, esm] = found;
  cjs.register();
  esm.register();
  let scoped: ScopedTsx | undefined;
  return {
    async importAfresh(url) {
      scoped ??= esm.register({ namespace: 'offloop' }) as ScopedTsx;
      return { namespace: await scoped.import(url, import.meta.url) };
    },
  };
}

function ignoreMissing(error: unknown): undefined {
  const { code } = error as { code?: string };
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error;
  return undefined;
}
