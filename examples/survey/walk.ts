/** Walks a folder tree, in the loop. Links are not followed: what they lead to is surveyed where it is, and none leads in circles. */
import type { Dirent } from 'node:fs';
import { access, constants, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { map } from 'offloop';
import { type Problem, reasonOf } from './problems.ts';

/** Folders that are read at once. */
const LIMIT = 8;

export type Progress = (done: number, of: number) => void;

/** Why there is nothing to survey at `root`, or null. */
export async function checkRoot(root: string): Promise<string | null> {
  try {
    const found = await stat(root);
    if (!found.isDirectory()) return `${root} is not a folder`;
    await access(root, constants.R_OK | constants.X_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? `there is no folder ${root}` : `${root}: ${reasonOf(error)}`;
  }
}

/** What the walk has found so far. Paths are relative to the root. */
export class Tree {
  readonly root: string;
  readonly files: string[] = [];
  readonly problems: Problem[] = [];
  folders = 0;
  links = 0;

  constructor(root: string) {
    this.root = root;
  }

  /** Level by level, the folders of one level side by side. */
  async walk(progress: Progress): Promise<void> {
    let known = 1;
    const look = async (folder: string): Promise<string[]> => {
      const inside = await this.#look(folder);
      known += inside.length;
      progress(++this.folders, known);
      return inside;
    };
    for (let level = ['']; level.length > 0;) level = (await map(level, look, { limit: LIMIT })).flat();
  }

  /** Notes what is in one folder; returns the folders in it. */
  async #look(folder: string): Promise<string[]> {
    const inside: string[] = [];
    for (const entry of await this.#list(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) inside.push(path);
      else if (entry.isFile()) this.files.push(path);
      else if (entry.isSymbolicLink()) await this.#checkLink(path);
      else this.problems.push({ path, text: `a ${kindOf(entry)}, skipped` });
    }
    return inside;
  }

  async #list(folder: string): Promise<Dirent[]> {
    try {
      return await readdir(join(this.root, folder), { withFileTypes: true });
    } catch (error) {
      this.problems.push({ path: join('.', folder, '/'), text: reasonOf(error) });
      return [];
    }
  }

  async #checkLink(path: string): Promise<void> {
    try {
      await stat(join(this.root, path));
      this.links++;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const text = code === 'ENOENT' ? 'a broken link' : code === 'ELOOP' ? 'a link that leads in circles' : `a link, ${reasonOf(error)}`;
      this.problems.push({ path, text });
    }
  }
}

function kindOf(entry: Dirent): string {
  if (entry.isFIFO()) return 'named pipe';
  if (entry.isSocket()) return 'socket';
  return entry.isBlockDevice() || entry.isCharacterDevice() ? 'device' : 'thing of unknown kind';
}
