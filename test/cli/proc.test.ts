import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { childrenOf, commandOf, isNodeName, openFiles, readFacts } from '../../src/cli/proc.ts';

const root = mkdtempSync(join(tmpdir(), 'offloop-proc-'));
afterAll(() => rmSync(root, { recursive: true }));

function file(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
function link(path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}
const status = (fields: Record<string, string>): string =>
  Object.entries({ Name: 'node', State: 'S (sleeping)', Tgid: '7', SigCgt: '0000000000000200', ...fields })
    .map(([name, value]) => `${name}:\t${value}\n`)
    .join('');

file('7/status', status({}));
file('7/cmdline', 'node\0app.js\0two words\0');
file('7/environ', 'A=1\0NODE_OPTIONS=--no-warnings --inspect-port=0\0B=2\0');
file('7/task/7/children', '8 9 ');
link('7/exe', '/usr/bin/node (deleted)');
link('7/fd/0', '/dev/null');
link('7/fd/13', 'anon_inode:[eventpoll]');
link('7/ns/net', 'net:[1]');
link('self/ns/net', 'net:[1]');

test('what is known of a process is read from its folder', () => {
  expect(readFacts(7, root)).toEqual({
    pid: 7,
    command: ['node', 'app.js', 'two words'],
    executable: '/usr/bin/node',
    isNode: true,
    state: 'S',
    threadOf: null,
    catchesSigusr1: true,
    nodeOptions: '--no-warnings --inspect-port=0',
    otherNetwork: false,
  });
  expect(childrenOf(7, root)).toEqual([8, 9]);
  expect(openFiles(7, root)).toEqual(new Map([[0, '/dev/null'], [13, 'anon_inode:[eventpoll]']])); // prettier-ignore
});

test('a process that is not there is null, and has nothing', () => {
  expect(readFacts(8, root)).toBeNull();
  expect([commandOf(8, root), childrenOf(8, root), openFiles(8, root).size]).toEqual([[], [], 0]);
});

test('a signal that is not caught, a thread, a container and a program that has Node as a library are seen', () => {
  file('9/status', status({ Tgid: '7', SigCgt: '0000000000000dff', State: 'T (stopped)' }));
  file('9/maps', '7f00 r-xp 00000000 /usr/lib/x86_64-linux-gnu/libnode.so.109\n');
  link('9/exe', '/opt/tool');
  link('9/ns/net', 'net:[2]');
  expect(readFacts(9, root)).toMatchObject({ catchesSigusr1: false, threadOf: 7, state: 'T', otherNetwork: true, isNode: true });
});

test('only the names that Node goes by are Node', () => {
  for (const name of ['/usr/bin/node', '/usr/bin/nodejs', 'node-22', 'node20', '/x/node-v20.1.0', 'node.exe'])
    expect(isNodeName(name)).toBe(true);
  for (const name of ['/usr/bin/python3', 'bun', 'deno', 'electron', 'nodemon', 'node-gyp', '']) expect(isNodeName(name)).toBe(false);
});

test.runIf(process.platform === 'linux')('the real /proc is read as the fake one is', () => {
  expect(readFacts(process.pid)).toMatchObject({
    pid: process.pid,
    isNode: true,
    threadOf: null,
    otherNetwork: false,
    executable: process.execPath,
  });
});
