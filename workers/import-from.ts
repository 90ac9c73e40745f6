/**
 * `import()` as a file in another folder would do it. Node resolves names from the file that the word `import` stands in,
 * and `import.meta.resolve` takes no other base without a flag. So a one-line module is compiled with a place in that folder.
 * The alternatives fall short: `createRequire` does not find packages that are for `import` only, `vm`'s own option for it
 * prints an ExperimentalWarning on all Node lines up to 26.
 */
import { Module } from 'node:module';
import { join } from 'node:path';

export type ImportFunction = (specifier: string, options?: unknown) => Promise<Record<string, unknown>>;

/** In a box: a module may export a function named `then`, and `await` would call it. */
export interface Imported {
  readonly namespace: Readonly<Record<string, unknown>>;
}

interface Compilable {
  filename: string;
  exports: unknown;
  _compile(content: string, filename: string): void;
}

const importers = new Map<string, ImportFunction>();

export function importFrom(folder: string): ImportFunction {
  const known = importers.get(folder);
  if (known !== undefined) return known;
  const file = join(folder, '[offloop]');
  const module = new Module(file) as unknown as Compilable;
  module.filename = file;
  // eslint-disable-next-line no-underscore-dangle -- Node's own name; require hooks (tsx, ts-node) have leaned on it for a decade
  module._compile('module.exports = (specifier, options) => import(specifier, options);', file);
  const made = module.exports as ImportFunction;
  importers.set(folder, made);
  return made;
}
