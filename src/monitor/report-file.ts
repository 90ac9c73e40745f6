/** Writes a report so that it is there whole or not at all, and says in one line why it could not. */
import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** null: it is written. */
export function writeReport(path: string, text: string): string | null {
  try {
    if (isReplaceable(path)) replace(path, text);
    else writeFileSync(path, text);
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

/** A device, a pipe or a link is written to; renaming a file over it would take it away. */
function isReplaceable(path: string): boolean {
  try {
    return lstatSync(path).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
}

function replace(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text);
  } catch (error) {
    rmSync(temporary, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw error; // the report before is better than none
    return writeFileSync(path, text); // the file may be open to us where its folder is not
  }
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

const reasons: Readonly<Record<string, string>> = {
  EISDIR: 'it is a directory',
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'a part of its path is not a directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ERR_ACCESS_DENIED: 'the permission model allows no writing there (--allow-fs-write)',
  EIO: 'it cannot be written to',
  EDQUOT: 'no space left within the quota',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  ENAMETOOLONG: 'the name is too long',
};

/** Why a file cannot be written, in the words of a user. */
export function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const reason = reasons[code];
  return reason === undefined ? message : `${reason} (${code})`;
}
