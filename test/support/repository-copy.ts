/**
 * The repository once more, without what was built: `npm pack` and `npm start` build, and while they do there is no dist. In a
 * folder of their own they disturb nobody who uses the built package meanwhile.
 */
import { cp, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));
const notCopied = new Set(['.git', 'coverage', 'dist', 'node_modules']);

export interface RepositoryCopy {
  readonly folder: string;
  remove(): Promise<void>;
}

export async function copyRepository(): Promise<RepositoryCopy> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'offloop-repository-')));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const names = (await readdir(root)).filter((name) => !notCopied.has(name));
    await Promise.all(names.map((name) => cp(join(root, name), join(folder, name), { recursive: true })));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    return { folder, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
