/**
 * What every page consists of: script, style, markup. Built ahead into one file beside this one; from source it is made on
 * the spot, which needs the development dependencies.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { InvalidStateError } from '../base/errors.ts';
import { ownFolders } from '../base/worker-file.ts';

export interface Assets {
  readonly script: string;
  readonly style: string;
  readonly markup: string;
}

let loaded: Assets | undefined;

export function assets(): Assets {
  return (loaded ??= import.meta.url.endsWith('.ts') ? fromSource() : fromBuild());
}

function fromSource(): Assets {
  const bundler = createRequire(import.meta.url)('./bundle.cjs') as { bundle(): Assets };
  return bundler.bundle();
}

function fromBuild(): Assets {
  const file = pathToFileURL(`${ownFolders.library}report/page.json`);
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Assets;
  } catch (cause) {
    const message = `offloop's file ${file.href} is missing or broken: a bundler must leave offloop external, and \`npm run build\` makes it`;
    throw new InvalidStateError(message, { cause });
  }
}
