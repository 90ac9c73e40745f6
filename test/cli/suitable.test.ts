import { expect, test } from 'vitest';
import type { ProcessFacts } from '../../src/cli/proc.ts';
import { identify, whyNotNode, whyNotSignal } from '../../src/cli/suitable.ts';

const facts: ProcessFacts = {
  pid: 7,
  command: ['node', 'app.js'],
  executable: '/usr/bin/node',
  isNode: true,
  state: 'S',
  threadOf: null,
  catchesSigusr1: true,
  nodeOptions: '',
  otherNetwork: false,
};

test('a Node process that catches the signal may be asked', () => {
  expect(whyNotNode(facts)).toBeNull();
  expect(whyNotSignal(facts)).toBeNull();
});

test.each([
  [{ isNode: false, executable: '/bin/sleep' }, 'process 7 is not Node: it runs /bin/sleep'],
  [{ isNode: false, executable: null, command: [] }, 'process 7 is not Node: it runs in the kernel'],
  [{ threadOf: 6 }, '7 is a thread of process 6: ask for that'],
  [{ state: 'Z' }, 'process 7 has ended; its parent has not asked how yet (a zombie)'],
  [{ state: 'T' }, 'process 7 is stopped (SIGSTOP, or Ctrl-Z): continue it first, kill -CONT 7'],
  [{ state: 't' }, 'process 7 is held by a debugger (gdb, strace): it cannot answer'],
  [{ otherNetwork: true }, 'process 7 is in a container'],
])('%j is refused', (change, reason) => {
  expect(whyNotNode({ ...facts, ...change })).toContain(reason);
});

test.each([
  [{ command: ['node', '--disable-sigusr1', 'a.js'] }, 'it was started with --disable-sigusr1'],
  [{ nodeOptions: '--disable-sigusr1' }, 'it was started with --disable-sigusr1'],
  [{ command: ['node', '--permission', 'a.js'] }, 'the permission model forbids it an inspector'],
  [{ command: ['node', '--experimental-permission'] }, 'the permission model forbids it an inspector'],
  [{}, 'it is just starting, or was told not to listen'],
])('a Node that does not catch the signal is not sent it: %j', (change, reason) => {
  const text = whyNotSignal({ ...facts, catchesSigusr1: false, ...change });
  expect(text).toContain(reason);
  expect(text).toContain('nothing was sent');
});

test('a process that is not there, and a system without the signal', () => {
  expect(() => identify(2 ** 30)).toThrow(`there is no process ${2 ** 30}`);
  expect(() => identify(process.pid, 'win32')).toThrow('Windows has no SIGUSR1');
});

// Linux names the main thread of newer Nodes otherwise, and is never asked this way.
const namedNode = process.platform !== 'linux' || Number(process.versions.node.split('.')[0]) < 24;
test.runIf(namedNode)('where there is no /proc, ps tells what a process is', () => {
  expect(identify(process.pid, 'darwin')).toBeNull();
});
