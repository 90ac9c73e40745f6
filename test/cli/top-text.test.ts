import { expect, test } from 'vitest';
import { shortCommand, topText } from '../../src/cli/top-text.ts';
import type { Reading } from '../../src/cli/top-text.ts';
import type { ExecutorStats } from '../../src/executors/executor.ts';
import type { LagSnapshot } from '../../src/monitor/loop-monitor.ts';
import { plain } from '../support/cli.ts';

const times = (p50: number, p99: number): ExecutorStats['runTime'] => ({ p50, p90: p50, p99, max: p99, mean: p50, count: 1 });
const pool: ExecutorStats = {
  kind: 'thread', workers: 4, busy: 3, idle: 1, queued: 12, running: 3, completed: 230, failed: 0, cancelled: 0,
  respawned: 0, recycled: 0, waitTime: times(1.2, 40), runTime: times(8, 120), functions: {}, utilization: 0.5,
}; // prettier-ignore
const lag: LagSnapshot = {
  uptime: 90_000,
  delay: { ...times(1.2, 84), p90: 12 },
  utilization: 0.4,
  blocks: 5,
  slow: [
    { duration: 135, cause: 'javascript', where: { fn: 'render', file: '/app/a.ts', line: 3, column: 1 } } as LagSnapshot['slow'][number],
  ],
  gc: { count: 7, total: 40, max: 12 },
  heapUsed: 1,
  executors: {},
  actors: {},
};
const now: Reading = {
  v: 1, pid: 7, at: 11_000, node: 'v22.1.0', uptime: 100, frames: [], tasks: 3, monitors: [lag], executors: { resize: pool }, broken: [],
  loop: { idle: 2000, active: 1500 }, memory: { rss: 2 ** 27, heapUsed: 2 ** 24, heapTotal: 2 ** 25 }, cpu: 900,
}; // prettier-ignore
const before: Reading = {
  ...now,
  at: 10_000,
  loop: { idle: 1500, active: 1000 },
  cpu: 600,
  monitors: [{ ...lag, blocks: 3 }],
  executors: { resize: { ...pool, completed: 130 } },
};
const lineOf = (text: string, label: string): string => text.split('\n').find((line) => line.startsWith(label))!;

test('a reading shows the loop, the blocks, the memory, and each executor', () => {
  expect(topText({ pid: 7, command: ['node', 'a.ts'] }, now, before, plain)).toBe(
    [
      'offloop top 7  node a.ts  Node v22.1.0, up 100 s',
      '',
      'loop     busy 50 %, CPU 30 % of a core',
      'now      idle',
      'delay    p50 1.2 ms, p90 12 ms, p99 84 ms, max 84 ms, over 90 s',
      'blocks   5 (+2), the latest 135 ms at render (/app/a.ts:3:1): javascript',
      'memory   heap 16 MiB of 32 MiB, process 128 MiB',
      'gc       7 runs, 40 ms in all, longest 12 ms',
      'tasks    3',
      '',
      'EXECUTOR   WORKERS   BUSY   QUEUED   DONE   DONE/S   WAIT P50     P99   RUN P50      P99',
      'resize           4      3       12    230      100     1.2 ms   40 ms    8.0 ms   120 ms',
    ].join('\n'),
  );
});

test('the first reading counts from the start of the process, and has no rates', () => {
  const text = topText({ pid: 7, command: [] }, now, null, plain);
  expect(lineOf(text, 'loop')).toBe('loop     busy 43 %, CPU 1 % of a core');
  expect(lineOf(text, 'blocks')).toContain('blocks   5, the latest');
  expect(lineOf(text, 'resize')).toContain('   -   ');
});

test('a process that runs JavaScript just now is shown at its line, the innermost of the program', () => {
  const frames = [
    { fn: 'join', file: '', line: 0, column: 0 },
    { fn: 'burn', file: '/app/x.js', line: 4, column: 2 },
  ];
  expect(lineOf(topText({ pid: 7, command: [] }, { ...now, frames }, null, plain), 'now')).toBe('now      at burn (/app/x.js:4:2)');
});

test('a process that does not answer keeps its figures, and how old they are is told', () => {
  const text = topText({ pid: 7, command: [] }, { ...now, silent: 3200 }, before, plain);
  expect(lineOf(text, 'now')).toBe('now      no answer for 3.2 s: in a native call; figures from before');
});

test('without a monitor the delay is unknown, and how to know it is told', () => {
  const text = topText({ pid: 7, command: [] }, { ...now, monitors: [], executors: {} }, null, plain);
  expect(lineOf(text, 'delay')).toContain('unknown: no LoopMonitor runs there (offloop run');
  expect(text).not.toMatch(/blocks|gc|EXECUTOR/);
});

test('the command is shown as it was typed, without loaders and the path of Node', () => {
  expect(shortCommand(['/usr/bin/node', '--import', 'file:///x/tsx.mjs', '--import', 'file:///x/preload.js', 'app.ts', '--import'])).toBe(
    'node app.ts',
  );
  expect(shortCommand([])).toBe('');
});
