/** The pieces of a log, from a file or from stdin. A log may be larger than a string can be. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { failure } from './command-error.ts';

const PIECE = 1 << 20;

export function* readChunks(name: string): Generator<Uint8Array, void, void> {
  const file = name === '-' ? 0 : open(name);
  try {
    if (fstatSync(file).isDirectory()) throw failure(`${name} is a folder; give the log in it`);
    for (;;) {
      const piece = Buffer.alloc(PIECE);
      const length = readPiece(file, piece, name);
      if (length === 0) return;
      yield piece.subarray(0, length);
    }
  } finally {
    if (file !== 0) closeSync(file);
  }
}

function open(name: string): number {
  try {
    return openSync(name, 'r');
  } catch (error) {
    throw failure(`cannot read ${name}: ${reasonOf(error)}`, error);
  }
}

function readPiece(file: number, piece: Buffer, name: string): number {
  for (;;) {
    try {
      return readSync(file, piece);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0; // stdin of Windows
      if (code !== 'EAGAIN') throw failure(`cannot read ${name === '-' ? 'stdin' : name}: ${reasonOf(error)}`, error);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10); // a terminal or socket that has nothing yet
    }
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'permission denied';
  return message;
}
