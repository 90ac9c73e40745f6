import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { listenersOf, ownerOf, parseListeners } from '../../src/cli/listeners.ts';

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (local: string, state: string, inode: string): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000 100 0 0 10 0\n`;

test('listeners are read from the table of the kernel, connections are not', () => {
  const table = head + row('0100007F:240D', '0A', '11') + row('0100007F:240D', '01', '12') + row('00000000:1F90', '0A', '13');
  expect(parseListeners(table)).toEqual([
    { host: '127.0.0.1', port: 9229, inode: '11' },
    { host: '127.0.0.1', port: 8080, inode: '13' },
  ]);
});

test('addresses of version 6: the loopback, all, and one of version 4 in disguise', () => {
  const hosts = ['00000000000000000000000001000000', '00000000000000000000000000000000', '0000000000000000FFFF00000100007F'];
  expect(hosts.flatMap((h) => parseListeners(head + row(`${h}:0050`, '0A', '1'))).map(({ host }) => host)).toEqual([
    '0:0:0:0:0:0:0:1',
    '127.0.0.1',
    '127.0.0.1',
  ]);
});

test('a table that is something else has no listeners', () => {
  expect(parseListeners('')).toEqual([]);
  expect(parseListeners('garbage\n\n1: 2\n')).toEqual([]);
});

test.runIf(process.platform === 'linux')('a port is found with the process that listens on it, and is gone with it', async () => {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  expect(listenersOf(process.pid)).toContainEqual({ host: '127.0.0.1', port, inode: expect.stringMatching(/^\d+$/) });
  expect(ownerOf(port, process.pid)).toBe(process.pid);
  await new Promise((closed) => server.close(closed));
  expect(ownerOf(port, process.pid)).toBeUndefined();
});
