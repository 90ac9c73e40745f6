/** What may be wrong with one entry of the tree. It costs a line, never the survey. */

export interface Problem {
  readonly path: string;
  readonly text: string;
}

/** Thrown when an entry cannot be surveyed for a reason of our own. */
export class Unreadable extends Error {}

/** Puts into words why an entry could not be surveyed. What is no trouble with a file (a bug, a cancellation) is thrown on. */
export function reasonOf(error: unknown): string {
  if (error instanceof Unreadable) return error.message;
  if (!(error instanceof Error && 'code' in error && 'syscall' in error)) throw error;
  // Names come as text: one that is not valid UTF-8 comes with a replacement character in it, and leads nowhere.
  if (error.code === 'ENOENT' && 'path' in error && String(error.path).includes('\uFFFD')) return 'a name that is not valid UTF-8';
  return reasons[String(error.code)] ?? error.message.replace(/, \w+( '.*)?$/s, ''); // "EIO: i/o error, read" without the call
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'vanished',
  ENOTDIR: 'no folder any more',
  ELOOP: 'became a link', // files are opened without following links
  ENXIO: 'became a socket',
};
