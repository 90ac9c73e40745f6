/** Packages that only a test needs, in several versions: kept in node_modules/.cache, as the Node lines are, so that `npm ci` stays small. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './repository-copy.ts';

/** The folder of the package, after it has been installed there if it was not. */
export async function cachedPackage(name: string, version: string): Promise<string> {
  const prefix = join(root, 'node_modules/.cache/packages', `${name}@${version}`);
  const folder = join(prefix, 'node_modules', name);
  if (existsSync(join(prefix, 'complete'))) return folder;
  await mkdir(prefix, { recursive: true });
  await writeFile(join(prefix, 'package.json'), '{ "private": true }\n');
  await promisify(execFile)('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `${name}@${version}`], { cwd: prefix });
  await writeFile(join(prefix, 'complete'), '');
  return folder;
}
