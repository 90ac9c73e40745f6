/** Packages that a user installs for one entry of ours, and nobody else needs. */
import { createRequire } from 'node:module';
import { InvalidStateError } from '../base/errors.ts';

const require = createRequire(import.meta.url);

/** Loads what the user installed beside offloop. `entry` is who needs it, for the error that says how to get it. */
export function loadPackage(name: string, entry: string): unknown {
  try {
    return require(name);
  } catch (cause) {
    if (!isMissing(cause, name)) throw cause; // it is there, and broken
    throw new InvalidStateError(`${entry} needs the package ${name}, which is not installed: npm install ${name}`, { cause });
  }
}

function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === 'MODULE_NOT_FOUND' && String(message).startsWith(`Cannot find module '${name}'`);
}
