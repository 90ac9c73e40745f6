/**
 * How a module is named on its way to a worker: always by an absolute URL, or by the name of a package, because a relative
 * path would mean something else there. Used on both sides: the main side names, the worker looks for the file.
 */
import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { outOfRange, wrongType } from '../base/validate.ts';

const expected = "a URL, an absolute path or the name of a package; for a file beside yours write new URL('./file', import.meta.url)";
/** `import { x } from 'name'`, `'@scope/name/sub'`: what may follow `import` without being a path. */
const packageName = /^(?:@[\w.~-]+\/)?[\w~-][\w.~-]*(?:\/.*)?$/;

/**
 * The URL (or package name) under which a worker imports `url`. A file that does not exist gives way to its twin: compiled
 * output keeps `new URL('./heavy.ts', import.meta.url)` as it was written, while the file there is `heavy.js`; and the reverse.
 */
export function resolveModule(url: URL | string, where = 'url'): string {
  const name = moduleName(url, where);
  return name.startsWith('file:') ? existingTwin(name) : name;
}

function moduleName(url: unknown, where: string): string {
  const text = isURL(url) ? url.href : url;
  if (typeof text !== 'string') throw wrongType(where, expected, url);
  if (isAbsolute(text)) return pathToFileURL(text).href;
  if (/^(?:file|node|data):/i.test(text) || isBuiltin(text)) return text;
  if (!packageName.test(text)) throw outOfRange(where, expected, text);
  return text;
}

/** Not `instanceof`: test environments (jsdom) bring a URL class of their own. */
function isURL(value: unknown): value is { href: string } {
  return typeof value === 'object' && value !== null && typeof (value as { href?: unknown }).href === 'string';
}

const twins: Record<string, readonly string[]> = {
  '.ts': ['.js', '.mjs', '.cjs'],
  '.mts': ['.mjs'],
  '.cts': ['.cjs'],
  '.tsx': ['.js', '.jsx'],
  '.js': ['.ts', '.tsx'],
  '.mjs': ['.mts', '.ts'],
  '.cjs': ['.cts', '.ts'],
  '.jsx': ['.tsx'],
};

function existingTwin(url: string): string {
  const [, base, extension = '', rest = ''] = /^([^?#]*?)(\.[a-z]+)?([?#].*)?$/s.exec(url)!;
  if (exists(`${base}${extension}`)) return url;
  const twin = twins[extension]?.find((other) => exists(`${base}${other}`));
  return twin === undefined ? url : `${base}${twin}${rest}`;
}

function exists(url: string): boolean {
  try {
    return existsSync(fileURLToPath(url));
  } catch {
    return false; // such as file://host/x: the import will say what is wrong with it
  }
}
