/** Reads one file whole, in the loop, and notices when it changes meanwhile. */
import { constants, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { throwIfCancelled } from 'offloop';
import * as format from './format.ts';
import { Unreadable } from './problems.ts';

/** Files are held in memory whole, several at once: a larger one is left out. */
const LARGEST = 32_000_000;
const CHUNK = 1 << 20;

/** NOFOLLOW and NONBLOCK, because the file may have become a link or a pipe since the walk; opening a pipe would wait for ever. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface Contents {
  readonly bytes: Buffer;
  /** Tells versions of one file apart. */
  readonly version: string;
}

export async function readWhole(path: string): Promise<Contents> {
  const file = await open(path, FLAGS);
  try {
    const { version, size } = await inspect(file);
    const bytes = Buffer.allocUnsafeSlow(size); // not from Node's shared pool, so that it can be moved to a worker
    const read = await fill(bytes, file);
    const after = await inspect(file);
    if (after.version !== version) throw new Unreadable('changed while it was read');
    if (read < size) throw new Unreadable('shorter than its size says'); // as in /sys
    return { bytes, version };
  } finally {
    await file.close();
  }
}

async function inspect(file: FileHandle): Promise<{ version: string; size: number }> {
  const stat = await file.stat({ bigint: true });
  const size = Number(stat.size);
  if (!stat.isFile()) throw new Unreadable('no file any more');
  if (size > LARGEST) throw new Unreadable(`${format.size(size)}, and files of more than ${format.size(LARGEST)} are left out`);
  return { version: `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`, size };
}

/** Returns how many bytes there were. */
async function fill(bytes: Buffer, file: FileHandle): Promise<number> {
  let at = 0;
  for (let got = -1; at < bytes.length && got !== 0; at += got) {
    throwIfCancelled(); // a call of the platform's is no checkpoint
    got = (await file.read(bytes, at, Math.min(CHUNK, bytes.length - at))).bytesRead;
  }
  return at;
}
