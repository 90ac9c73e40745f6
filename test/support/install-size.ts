/** What `npm install offloop` brings along: read from the lock file that npm leaves in node_modules, and weighed on the disk. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

interface Locked {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly bytes: number;
}

/** The package and all it depends on, heaviest first, in a folder where it is installed. */
export function installedWith(folder: string, name: string): InstalledPackage[] {
  const lock = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    const { dependencies, optionalDependencies } = lock.packages[path] as Locked;
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = resolve(lock.packages, path, needed);
      if (place !== undefined) visit(place); // an optional one for another system is not there
    }
  };
  visit(`node_modules/${name}`);
  const all = [...found].map((path) => ({
    name: path.replace(/^.*node_modules\//, ''),
    version: lock.packages[path]!.version,
    bytes: bytesIn(join(folder, path)),
  }));
  return all.sort((a, b) => b.bytes - a.bytes);
}

/** As Node looks for it: beside, then further up. */
function resolve(packages: Readonly<Record<string, Locked>>, from: string, name: string): string | undefined {
  for (let place = from; ; place = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))) {
    const candidate = `${place === '' ? '' : `${place}/`}node_modules/${name}`;
    if (Object.hasOwn(packages, candidate)) return candidate;
    if (place === '') return undefined;
  }
}

/** Without packages that are nested in it: they count by themselves, if at all. */
function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? sum : sum + bytesIn(path);
    return sum + statSync(path).size;
  }, 0);
}
