/**
 * What most programs never use is loaded when it is first used, and not with the library: a worker that imports the library,
 * mostly only for `offload`, would pay for it once more, and so would the first result of a program. Loading is synchronous,
 * so it may happen anywhere.
 */
import { createRequire } from 'node:module';
import { InvalidStateError } from './errors.ts';

interface Packages {
  readonly comlink: typeof import('comlink');
  readonly piscina: typeof import('piscina');
  readonly tinypool: typeof import('tinypool');
}

const require = createRequire(import.meta.url);

/** A job may overwrite the global. */
const { process } = globalThis;

/** Node's own module, by its name with `node:`. */
export const builtin: NodeJS.Process['getBuiltinModule'] = (id: string) => process.getBuiltinModule(id) as never;

/** One of the packages that offloop stands on. */
export function installed<P extends keyof Packages>(name: P): Packages[P] {
  try {
    return require(name) as Packages[P];
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_REQUIRE_ESM') throw error;
    throw new InvalidStateError(`${name} is an ES module, and --no-experimental-require-module forbids to require() it`, { cause: error });
  }
}
