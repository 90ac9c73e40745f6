/** What is found out about the contents of one file. Pure computing, and the only thing that the two runs do in different places. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { brotliCompressSync, constants } from 'node:zlib';
import { checkpoint, offload } from 'offloop';

export interface Measured {
  readonly sha256: string;
  /** Size after brotli, quality 5. */
  readonly compressed: number;
  /** As `wc` counts: newline characters, and what stands between the six white-space characters of ASCII. */
  readonly text: { readonly lines: number; readonly words: number } | null;
}

/** A file is worked on in pieces. Between two of them the loop, if this is the loop, gets round; and a cancel is heard. */
const PIECE = 2 ** 20;
const QUALITY = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/** `measure(bytes)` runs in a worker, `measure.local(bytes)` here: one function, one result. */
export const measure = offload(import.meta, async function measure(bytes: Uint8Array): Promise<Measured> {
  const hash = createHash('sha256');
  const text = isText(bytes) ? { lines: 0, words: 0 } : null;
  let compressed = 0;
  let at = 0;
  do {
    if (at > 0) await checkpoint();
    const end = Math.min(at + PIECE, bytes.length);
    const piece = bytes.subarray(at, end);
    hash.update(piece);
    compressed += brotliCompressSync(piece, QUALITY).length;
    if (text !== null) count(bytes, at, end, text);
    at = end;
  } while (at < bytes.length);
  return { sha256: hash.digest('hex'), compressed, text };
});

/** Text is what has no NUL byte in its first 8 KiB and is valid UTF-8. */
function isText(bytes: Uint8Array): boolean {
  return !bytes.subarray(0, 8192).includes(0) && isUtf8(bytes);
}

/** Adds the lines that end, and the words that begin, from one place to another. */
function count(bytes: Uint8Array, from: number, to: number, text: { lines: number; words: number }): void {
  let inWord = from > 0 && !isSpace(bytes[from - 1]!);
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    const wasInWord = inWord;
    inWord = !isSpace(byte);
    if (inWord && !wasInWord) text.words++;
    if (byte === NEWLINE) text.lines++;
  }
}

const NEWLINE = 10;

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
