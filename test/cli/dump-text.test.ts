import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dumpText, frameText, span } from '../../src/cli/dump-text.ts';
import { painter } from '../../src/cli/console.ts';
import { plain } from '../support/cli.ts';

const file = join(process.cwd(), 'app.js');
const stack = [
  { fn: 'RegExp.test', file: '', line: 0, column: 0 },
  { fn: 'check', file, line: 3, column: 9 },
  { fn: 'listOnTimeout', file: 'node:internal/timers', line: 581, column: 17 },
  { fn: 'main', file, line: 9, column: 1, async: true },
];
const none = { stack: [], resources: {} };
const head = { pid: 7, command: ['node', 'app.js'] };
const about = { node: 'v20.1.0', title: 'node', uptime: 75 };

test('a dump names the process, and each thread with its stack, innermost first', () => {
  const threads = [
    { id: 0, name: 'main', state: 'running' as const, stack, resources: {} },
    { id: 1, name: 'grinder', state: 'unreachable' as const, ...none },
    { id: 2, name: 'WorkerThread', state: 'idle' as const, stack: [], resources: { MessagePort: 1, Timeout: 3 } },
    { id: 3, name: '', state: 'idle' as const, ...none },
    { id: 4, name: 'frozen', state: 'running' as const, ...none, text: '    at f (a.js:1:1)' },
  ];
  expect(dumpText(head, { ...about, threads }, plain)).toBe(
    [
      'Process 7: node app.js',
      'Node v20.1.0, up 75 s',
      '',
      'Main thread is running',
      '    RegExp.test (native)',
      '    check (app.js:3:9)',
      '    listOnTimeout (node:internal/timers:581:17)',
      '    async main (app.js:9:1)',
      '',
      'Worker 1 "grinder" does not answer: it is in a native call, or ending',
      '',
      'Worker 2 is idle: no JavaScript runs; alive for MessagePort, 3 Timeout',
      '',
      'Worker 3 is idle: no JavaScript runs',
      '',
      'Worker 4 "frozen" is running',
      '    at f (a.js:1:1)',
    ].join('\n'),
  );
});

test('without a command line the title tells what it is; on a terminal the line to look at stands out', () => {
  const text = dumpText(
    { pid: 7, command: [] },
    { ...about, threads: [{ id: 0, name: 'main', state: 'running', stack, resources: {} }] },
    painter(true),
  );
  expect(text).toContain(': node\n');
  expect(text).toContain('\x1b[33m    check (app.js:3:9)');
  expect(text).toContain('\x1b[2m    RegExp.test (native)');
  expect(text).toContain('\n    async main (app.js:9:1)');
});

test('a frame without a name or a file', () => {
  expect(frameText({ fn: '<anonymous>', file: '/elsewhere/x.js', line: 1, column: 2 })).toBe('<anonymous> (/elsewhere/x.js:1:2)');
});

test('spans of time are as precise as is useful', () => {
  expect([1.23, 75, 300, 10_000, 300_000].map(span)).toEqual(['1.2 s', '75 s', '5 min', '2.8 h', '3.5 days']);
});
