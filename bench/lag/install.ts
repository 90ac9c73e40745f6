/** The peers, in a folder of their own: the project does without native addons, and its lock too. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../peers/lag/', import.meta.url));

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}
const manifest = (file: string): Manifest => JSON.parse(readFileSync(file, 'utf8')) as Manifest;

/** Installs what is missing. Returns the versions, and for what cannot be loaded on this machine the reason. */
export function installPeers(): { versions: Record<string, string>; missing: Map<string, string> } {
  const wanted = Object.keys(manifest(`${folder}package.json`).dependencies);
  const file = (name: string): string => `${folder}node_modules/${name}/package.json`;
  const missing = new Map<string, string>();
  if (wanted.some((name) => !existsSync(file(name)))) {
    // Prebuilt binaries come with the package; its install script would only build what has none.
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
    try {
      execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    } catch (error) {
      for (const name of wanted) missing.set(name, firstLine(error));
    }
  }
  const require = createRequire(`${folder}package.json`);
  for (const name of wanted.filter((name) => !missing.has(name))) {
    try {
      require(name);
    } catch (error) {
      missing.set(name, firstLine(error));
    }
  }
  const there = wanted.filter((name) => !missing.has(name));
  return { versions: Object.fromEntries(there.map((name) => [name, manifest(file(name)).version])), missing };
}

const firstLine = (error: unknown): string =>
  (error as Error).message
    .split('\n')
    .find((line) => line.trim() !== '')!
    .slice(0, 100);
