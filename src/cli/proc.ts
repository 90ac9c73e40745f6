/** What Linux tells about a process in /proc, read without touching it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface ProcessFacts {
  readonly pid: number;
  /** Words of the command line; empty for a kernel thread or a zombie. */
  readonly command: readonly string[];
  /** Path of the executable; null when it cannot be read. */
  readonly executable: string | null;
  /** Node, by its executable or the library it has loaded. */
  readonly isNode: boolean;
  /** One letter: R runs, S sleeps, D sleeps in a device, T is stopped, t is being debugged, Z has ended. */
  readonly state: string;
  /** The process it is a thread of, when the id is that of a thread. */
  readonly threadOf: number | null;
  readonly catchesSigusr1: boolean;
  /** NODE_OPTIONS it was started with; '' when unknown. */
  readonly nodeOptions: string;
  /** Its sockets are in another world than ours: a container. */
  readonly otherNetwork: boolean;
}

export const PROC = '/proc';
const SIGUSR1 = 10n;

/** Null: there is no such process. */
export function readFacts(pid: number, root: string = PROC): ProcessFacts | null {
  const folder = join(root, String(pid));
  const status = read(join(folder, 'status'));
  if (status === null) return null;
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  const executable = link(join(folder, 'exe'))?.replace(/ \(deleted\)$/, '') ?? null;
  const tgid = Number(field('Tgid'));
  const [ours, theirs] = [link(join(root, 'self/ns/net')), link(join(folder, 'ns/net'))];
  return {
    pid,
    command: commandOf(pid, root),
    executable,
    isNode: (executable !== null && isNodeName(executable)) || /\/libnode\.so/.test(read(join(folder, 'maps')) ?? ''),
    state: field('State').slice(0, 1),
    threadOf: tgid === pid ? null : tgid,
    catchesSigusr1: ((BigInt(`0x${field('SigCgt') || '0'}`) >> (SIGUSR1 - 1n)) & 1n) === 1n,
    nodeOptions: /(?:^|\0)NODE_OPTIONS=([^\0]*)/.exec(read(join(folder, 'environ')) ?? '')?.[1] ?? '',
    otherNetwork: ours !== null && theirs !== null && ours !== theirs,
  };
}

/** `node`, `nodejs`, `node-22`, `node20.exe`. */
export function isNodeName(path: string): boolean {
  return /^node(?:js)?(?:-?v?\d[\d.]*)?(?:\.exe)?$/i.test(basename(path));
}

export function commandOf(pid: number, root: string = PROC): readonly string[] {
  const text = read(join(root, String(pid), 'cmdline')) ?? '';
  return text === '' ? [] : text.replace(/\0$/, '').split('\0');
}

/** Processes that this thread has started and that have not ended. Not all kernels tell. */
export function childrenOf(pid: number, root: string = PROC): number[] {
  const text = read(join(root, String(pid), 'task', String(pid), 'children')) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}

/** What the open files of a process are: `socket:[123]`, `/dev/null`. Empty when that cannot be read. */
export function openFiles(pid: number, root: string = PROC): Map<number, string> {
  const folder = join(root, String(pid), 'fd');
  const files = new Map<number, string>();
  try {
    for (const fd of readdirSync(folder)) files.set(Number(fd), link(join(folder, fd)) ?? '');
  } catch {
    // it has ended, or belongs to somebody else
  }
  return files;
}

export function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function link(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
