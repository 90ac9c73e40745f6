/**
 * The one place that knows where our files are: a worker's entry is `workers/thread.ts` when this runs from source, and
 * `dist/workers/thread.js` when built. (`new URL('…/x.ts', import.meta.url)` is not rewritten by tsc, and what is bundled stands
 * where the bundler puts it: bundle.ts sees to it that this file is as deep there as here.)
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InvalidStateError } from './errors.ts';

export type WorkerEntryName = 'thread' | 'process' | 'actor' | (string & {});

const fromSource = import.meta.url.endsWith('.ts');

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where our code lies, as it runs: the library's and that of its workers. Each ends with a separator. */
export const ownFolders: Readonly<Record<'library' | 'workers', string>> = { library: here('../'), workers: here('../../workers/') };

/** A program's bundler has put us among the program's own code: what stands in our folders may be either's. */
export const amongOthers: boolean = !/[/\\]src[/\\](?:base[/\\]worker-file|chunks[/\\]\w+)\.[jt]s$/.test(fileURLToPath(import.meta.url));

/** Absolute path of a source of ours, named without its extension, or of what is built of it: `monitor/preload`. */
export function libraryFile(name: string): string {
  return `${ownFolders.library}${name}${fromSource ? '.ts' : '.js'}`;
}

/** Absolute path of the entry `workers/<name>`. */
export function workerEntry(name: WorkerEntryName): string {
  const file = `${ownFolders.workers}${name}${fromSource ? '.ts' : '.js'}`;
  if (!existsSync(file)) {
    throw new InvalidStateError(
      `offloop's worker file ${file} is missing. A bundler must leave offloop external: workers load it from its own folder`,
    );
  }
  return file;
}

/**
 * Flags without which a worker cannot load our own entry: none for a built package, nor where Node strips types by itself.
 * A built package never needs tsx for itself; the user's .ts modules are the business of `workers/load.ts`.
 */
export function bootstrapArgv(): string[] {
  if (!fromSource || canStripTypes()) return [];
  return ['--import', new URL('../../workers/register-ts.mjs', import.meta.url).href];
}

/** Whether this Node runs .ts files by itself (from 22.18 on by default). */
export function canStripTypes(): boolean {
  const { typescript } = process.features as { typescript?: string | false };
  return typescript !== undefined && typescript !== false;
}
