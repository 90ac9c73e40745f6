import { readFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { offload } from 'offloop';

/** How many bytes compressing a file saves. Blocking calls are fine here: it runs in a worker. */
export const saved = offload(import.meta, (file: string) => {
  const text = readFileSync(file);
  return text.length - brotliCompressSync(text).length;
});
