import { spawn } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { inspectorPort, programOf } from '../../src/cli/attach.ts';
import { commandOf } from '../../src/cli/proc.ts';
import type { ProcessFacts } from '../../src/cli/proc.ts';

const facts = (command: string, nodeOptions = ''): ProcessFacts => ({
  pid: 2 ** 30,
  command: command.split(' '),
  executable: '/usr/bin/node',
  isNode: true,
  state: 'S',
  threadOf: null,
  catchesSigusr1: true,
  nodeOptions,
  otherNetwork: false,
});

test.each([
  ['node app.js', '', 9229],
  ['node --inspect app.js', '', 9229],
  ['node --inspect=9300 app.js', '', 9300],
  ['node --inspect=127.0.0.1:9301 app.js', '', 9301],
  ['node --inspect-brk=[::1]:9302 app.js', '', 9302],
  ['node --inspect-port=0 app.js', '', 0],
  ['node --inspect-port 9303 app.js', '', 9303],
  ['node --debug-port=9304 app.js', '', 9304],
  ['node app.js', '--no-warnings --inspect-port=9305', 9305],
  ['node --inspect=9306 app.js', '--inspect=9307', 9306],
])('the inspector of %j with NODE_OPTIONS=%j is at %i', (command, options, port) => {
  expect(inspectorPort(facts(command, options))).toBe(port);
});

test('a process without children is no offloop run with a program', () => {
  expect(programOf(facts('node app.js'))).toBeUndefined();
  expect(programOf(facts('node /x/dist/src/cli/main.js run app.js'))).toBeUndefined();
});

test.runIf(process.platform === 'linux')(
  'whoever has the id of npx or npm means the program behind the shell that these put in between',
  async () => {
    const npm = spawn('sh', ['-c', "sh -c 'sleep 100; :'; :"], { detached: true });
    try {
      const program = (command: string): number | undefined => programOf({ ...facts(''), pid: npm.pid!, command: [command] });
      await vi.waitFor(() => expect(commandOf(program('npm exec offloop run app.ts')!)).toEqual(['sleep', '100']));
      expect(commandOf(program('npm start')!)).toEqual(['sleep', '100']);
      expect(program('npm install')).toBeUndefined();
    } finally {
      process.kill(-npm.pid!);
    }
  },
);
