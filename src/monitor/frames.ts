/** Frames of the program: without those of Node, of V8 and of offloop. */
import { fileURLToPath } from 'node:url';
import { ownFolders } from '../base/worker-file.ts';
import type { RawFrame } from './sample.ts';

const ours: readonly string[] = Object.values(ownFolders).map((folder) => folder.replaceAll('\\', '/'));

/** A path for a file URL; anything else as it is. */
export function pathOf(file: string): string {
  if (!file.startsWith('file:')) return file;
  try {
    return fileURLToPath(file).replaceAll('\\', '/');
  } catch {
    return file;
  }
}

export function isUserFile(file: string): boolean {
  return file !== '' && !/^(?:node:|wasm:|evalmachine\.)/.test(file) && !isOurs(file);
}

function isOurs(file: string): boolean {
  const path = pathOf(file);
  return ours.some((own) => path.startsWith(own));
}

export function userFrames(frames: readonly RawFrame[]): RawFrame[] {
  return frames.filter(({ file }) => isUserFile(file));
}

/** What is no JavaScript of the program, and was called by its innermost frame: `Array.join`, `readFileSync`, `WebAssembly`. */
export function nativeAbove(frames: readonly RawFrame[]): string | undefined {
  const first = frames.findIndex(({ file }) => isUserFile(file));
  const called = frames[first - 1];
  if (called?.file.startsWith('wasm:') === true) return `WebAssembly ${called.fn}`.trim();
  if (called === undefined || called.fn === '' || called.file.startsWith('file:')) return undefined;
  return isAccessor(called) ? undefined : called.fn;
}

/** An interrupt is heard at the head of a function, and so in `get performance` even of a loop that spends its time elsewhere. */
const isAccessor = ({ file, fn }: RawFrame): boolean => file.startsWith('node:') && /^[gs]et /.test(fn);

/** The innermost user frame has called our shim of `native` (`fs.readFileSync`), which goes by its name, and nothing else of ours. */
export function isInShim(frames: readonly RawFrame[], native: string): boolean {
  const called = frames[frames.findIndex(({ file }) => isUserFile(file)) - 1];
  return called !== undefined && isOurs(called.file) && called.fn === native.slice(native.lastIndexOf('.') + 1);
}

/** Node was loading modules, not merely waiting for that. */
export function isLoading(frames: readonly RawFrame[]): boolean {
  return frames.some(({ file, async }) => async !== true && file.startsWith('node:internal/modules/'));
}
