/**
 * The one place that decides where a worker's entry is and which extension it has: `workers/thread.ts` when this runs from
 * source, `dist/workers/thread.js` when built. (`new URL('…/x.ts', import.meta.url)` is not rewritten by tsc.)
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InvalidStateError } from './errors.ts';

export type WorkerEntryName = 'thread' | 'process' | 'actor' | (string & {});

const fromSource = import.meta.url.endsWith('.ts');

/** Absolute path of the entry `workers/<name>`. */
export function workerEntry(name: WorkerEntryName): string {
  const file = fileURLToPath(new URL(`../../workers/${name}${fromSource ? '.ts' : '.js'}`, import.meta.url));
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
