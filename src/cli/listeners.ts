/** Which TCP ports a process listens on: its open sockets, looked up in the kernel's table. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openFiles, PROC, read } from './proc.ts';

export interface Listener {
  /** As one dials it: `127.0.0.1`, `::1`; a listener on all addresses is dialled on the loopback. */
  readonly host: string;
  readonly port: number;
  readonly inode: string;
}

const LISTEN = '0A';

/** All listeners in the network that the process lives in. */
function listenersAround(pid: number, root: string): Listener[] {
  return ['tcp', 'tcp6'].flatMap((table) => parseListeners(read(join(root, String(pid), 'net', table)) ?? ''));
}

export function listenersOf(pid: number, root: string = PROC): Listener[] {
  const open = new Set(openFiles(pid, root).values());
  return listenersAround(pid, root).filter(({ inode }) => open.has(`socket:[${inode}]`));
}

/** Who listens on this port, in the network of `pid`: undefined for nobody, null for somebody we may not see. */
export function ownerOf(port: number, pid: number, root: string = PROC): number | null | undefined {
  const listener = listenersAround(pid, root).find((l) => l.port === port);
  if (listener === undefined) return undefined;
  const owner = readdirSync(root).find((name) => /^\d+$/.test(name) && holds(Number(name), listener.inode, root));
  return owner === undefined ? null : Number(owner);
}

function holds(pid: number, inode: string, root: string): boolean {
  return [...openFiles(pid, root).values()].includes(`socket:[${inode}]`);
}

export function parseListeners(table: string): Listener[] {
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    const [address, port] = local?.split(':') ?? [];
    if (state !== LISTEN || address === undefined || port === undefined || inode === undefined) return [];
    return [{ host: toHost(address), port: Number.parseInt(port, 16), inode }];
  });
}

/** The kernel prints addresses as 32-bit words in the byte order of the machine: little-endian wherever Node runs today. */
function toHost(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) =>
    word
      .match(/../g)!
      .reverse()
      .map((byte) => Number.parseInt(byte, 16)),
  );
  if (bytes.length === 4) return bytes.every((b) => b === 0) ? '127.0.0.1' : bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  if (groups.every((g) => g === '0')) return '127.0.0.1'; // all addresses, those of version 4 too
  const mapped = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff';
  return mapped ? bytes.slice(12).join('.') : groups.join(':');
}
