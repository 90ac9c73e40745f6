/**
 * A main thread that sleeps inside a native call cannot be asked for its line: neither the inspector nor V8 is reached until
 * the call returns. The kernel knows which call it is, and that is known without disturbing the process.
 */
import { join } from 'node:path';
import { childrenOf, commandOf, openFiles, PROC, read } from './proc.ts';

/** The calls in which Node's synchronous functions sleep. Numbers differ by architecture. */
const names: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  // prettier-ignore
  x64: {
    0: 'read', 1: 'write', 2: 'open', 4: 'stat', 7: 'poll', 17: 'pread64', 18: 'pwrite64', 19: 'readv', 20: 'writev', 23: 'select',
    35: 'nanosleep', 42: 'connect', 43: 'accept', 45: 'recvfrom', 61: 'wait4', 72: 'fcntl', 73: 'flock', 74: 'fsync', 75: 'fdatasync',
    202: 'futex', 230: 'clock_nanosleep', 232: 'epoll_wait', 257: 'openat', 262: 'newfstatat', 271: 'ppoll', 281: 'epoll_pwait', 332: 'statx',
  },
  // prettier-ignore
  arm64: {
    22: 'epoll_pwait', 25: 'fcntl', 32: 'flock', 56: 'openat', 63: 'read', 64: 'write', 65: 'readv', 66: 'writev', 67: 'pread64',
    68: 'pwrite64', 73: 'ppoll', 79: 'newfstatat', 82: 'fsync', 83: 'fdatasync', 98: 'futex', 101: 'nanosleep', 115: 'clock_nanosleep',
    202: 'accept', 203: 'connect', 207: 'recvfrom', 260: 'wait4', 291: 'statx',
  },
};

export interface NativeCall {
  /** `read`, `openat`; `system call 17` when it has no name here. */
  readonly name: string;
  /** The file it reads or writes. */
  readonly file?: string;
  /** It waits for these child processes: execSync and its kind. */
  readonly children?: readonly { readonly pid: number; readonly command: readonly string[] }[];
}

/** From these the inspector wakes the thread. */
const reachable = new Set(['futex', 'epoll_wait', 'epoll_pwait']);
const onFile = new Set(['read', 'write', 'pread64', 'pwrite64', 'readv', 'writev', 'fsync', 'fdatasync', 'flock', 'fcntl']);

const FROM_START = 3;
const LOOKS = 3;
const BETWEEN = 20;

/** The native call in which the main thread sleeps and cannot be reached; undefined when it can, or nothing is known. */
export async function unreachableCall(pid: number, root: string = PROC): Promise<NativeCall | undefined> {
  const first = callOf(pid, root);
  if (first === undefined) return undefined;
  for (let look = 1; look < LOOKS; look++) {
    await new Promise((resolve) => setTimeout(resolve, BETWEEN));
    if (callOf(pid, root)?.line !== first.line) return undefined; // it was on its way
  }
  const { name, argument } = first;
  if (!reachable.has(name)) {
    const file = onFile.has(name) ? openFiles(pid, root).get(argument) : undefined;
    return { name, ...(file !== undefined && file !== '' && { file }) };
  }
  const children = name.startsWith('epoll') && isInnerLoop(argument, pid, root) ? childrenOf(pid, root) : [];
  if (children.length === 0) return undefined;
  return { name, children: children.map((child) => ({ pid: child, command: commandOf(child, root) })) };
}

/** Whether the main thread sleeps; undefined when that may not be known. */
export function isAsleep(pid: number, root: string = PROC): boolean | undefined {
  const line = read(join(root, String(pid), 'task', String(pid), 'syscall'));
  return line === null ? undefined : line.trim() !== 'running';
}

interface Call {
  readonly line: string;
  readonly name: string;
  readonly argument: number;
}

/** Undefined: it runs, or we may not know. */
function callOf(pid: number, root: string): Call | undefined {
  const line = (read(join(root, String(pid), 'task', String(pid), 'syscall')) ?? '').trim();
  const [, number, argument] = /^(\d+) (0x[0-9a-f]+)/.exec(line) ?? [];
  if (number === undefined || argument === undefined) return undefined;
  return { line, name: names[process.arch]?.[Number(number)] ?? `system call ${number}`, argument: Number(argument) };
}

/**
 * `spawnSync` turns a small loop of its own, with an epoll of its own. The program's loop is one of those that Node makes when
 * it starts, which have the lowest numbers (seen: it is the third of three, Node 20 to 26).
 */
function isInnerLoop(epoll: number, pid: number, root: string): boolean {
  const epolls = [...openFiles(pid, root)].filter(([, file]) => file === 'anon_inode:[eventpoll]').map(([fd]) => fd);
  return epolls.sort((a, b) => a - b).indexOf(epoll) >= FROM_START;
}
