/**
 * How a function is named where machines differ: by the package it belongs to, its module's place in that package, its export,
 * and the version of the code. The same function is `file:///home/me/shop/src/tasks/images.ts` here and
 * `file:///app/dist/tasks/images.js` there; on the queue both are `shop/tasks/images#resize@1.4.0`.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Package {
  readonly name: string;
  readonly version: string;
}

interface Found extends Package {
  readonly folder: string;
}

/** Folders of sources and of what is built from them: between two machines this differs, and means nothing. */
const built = /^(?:(?:src|dist|build|out|lib)\/)+/;
const packages = new Map<string, Found | null>();

/** `<package>/<path in it>`, without folders of builds and without extension. */
export function moduleId(url: string): string {
  if (!url.startsWith('file:')) return url;
  const file = fileURLToPath(url.replace(/[?#].*$/, ''));
  const found = packageOf(dirname(file));
  const path = found === null ? basename(file) : relative(found.folder, file).replaceAll('\\', '/');
  const inside = path.replace(/\.[cm]?[jt]sx?$/, '').replace(built, '');
  return found === null || found.name === '' ? inside : `${found.name}/${inside}`;
}

/** The version in the package.json that the module stands under; '0' where there is none. */
export function moduleVersion(url: string): string {
  if (!url.startsWith('file:')) return '0';
  return packageOf(dirname(fileURLToPath(url.replace(/[?#].*$/, ''))))?.version ?? '0';
}

/** The name of a job in the queue. */
export function functionId(module: string, exportName: string, version: string): string {
  return `${module}#${exportName.replace(/^#/, '')}@${version}`;
}

function packageOf(folder: string): Found | null {
  const known = packages.get(folder);
  if (known !== undefined) return known;
  const here = readPackage(folder);
  const parent = dirname(folder);
  const found = here ?? (parent === folder ? null : packageOf(parent));
  packages.set(folder, found);
  return found;
}

function readPackage(folder: string): Found | null {
  try {
    const { name = '', version = '0' } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Partial<Package>;
    return { folder, name, version };
  } catch {
    return null; // none here, or none that npm would take either
  }
}
