import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isAsleep, unreachableCall } from '../../src/cli/native.ts';

const root = mkdtempSync(join(tmpdir(), 'offloop-native-'));
afterAll(() => rmSync(root, { recursive: true }));

let pid = 100;
interface Fake {
  syscall?: string;
  fds?: Record<number, string>;
  children?: string;
}
function fake({ syscall, fds = {}, children = '' }: Fake): number {
  const folder = join(root, String(++pid));
  mkdirSync(join(folder, 'fd'), { recursive: true });
  mkdirSync(join(folder, 'task', String(pid)), { recursive: true });
  if (syscall !== undefined) writeFileSync(join(folder, 'task', String(pid), 'syscall'), `${syscall}\n`);
  writeFileSync(join(folder, 'task', String(pid), 'children'), children);
  for (const [fd, target] of Object.entries(fds)) symlinkSync(target, join(folder, 'fd', fd));
  return pid;
}
const epolls = { 3: 'anon_inode:[eventpoll]', 11: 'anon_inode:[eventpoll]', 16: 'anon_inode:[eventpoll]', 21: 'anon_inode:[eventpoll]' };
mkdirSync(join(root, '555'));
writeFileSync(join(root, '555/cmdline'), 'sleep\x0030\0');

describe.runIf(process.arch === 'x64')('a main thread that sleeps in a native call', () => {
  test.each([
    ['reads a file', { syscall: '0 0x5 0x7f 0x10', fds: { 5: '/dev/tty' } }, { name: 'read', file: '/dev/tty' }],
    ['opens a file', { syscall: '257 0xffffff9c 0x7f' }, { name: 'openat' }],
    ['is in a call without a name here', { syscall: '333 0x1' }, { name: 'system call 333' }],
    [
      'waits for a child process in a loop of its own',
      { syscall: '281 0x15 0x7f', fds: epolls, children: '555 ' },
      { name: 'epoll_pwait', children: [{ pid: 555, command: ['sleep', '30'] }] },
    ],
  ])('%s: unreachable', async (_, state, expected) => {
    expect(await unreachableCall(fake(state), root)).toEqual(expected);
  });

  test.each([
    ['runs', { syscall: 'running' }],
    ['waits for events in the loop of the program, with a child', { syscall: '281 0x10 0x7f', fds: epolls, children: '555 ' }],
    ['has an inner loop, but no child', { syscall: '281 0x15 0x7f', fds: epolls }],
    ['waits in Atomics.wait', { syscall: '202 0x7f 0x189' }],
    ['may not be looked at', {}],
  ])('%s: reachable, as far as is known', async (_, state) => {
    expect(await unreachableCall(fake(state), root)).toBeUndefined();
  });

  test('is reachable when it moves on while it is looked at', async () => {
    const id = fake({ syscall: '0 0x5 0x1' });
    const looked = unreachableCall(id, root);
    writeFileSync(join(root, String(id), 'task', String(id), 'syscall'), '0 0x5 0x2\n');
    expect(await looked).toBeUndefined();
  });
});

test('whether it sleeps at all, or that is unknown', () => {
  expect([isAsleep(fake({ syscall: 'running' }), root), isAsleep(fake({ syscall: '0 0x1' }), root), isAsleep(fake({}), root)]).toEqual([
    false,
    true,
    undefined,
  ]);
});
