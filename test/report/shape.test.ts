import { expect, test } from 'vitest';
import { isLine } from '../../src/report/shape.ts';
import { blockLine, endLine, lagLine, startLine } from '../support/samples.ts';

const durations = { p50: 1, p90: 2, p99: 3, max: 4, mean: 1.5, count: 9 };
const counts = { workers: 2, busy: 1, idle: 1, queued: 3, running: 1, completed: 5, failed: 0, utilization: 0.5 };
const pool = { kind: 'thread', ...counts, waitTime: durations, runTime: durations };
const executors = { v: 1, type: 'executors', pid: 1, thread: 0, at: 5, executors: { pool } };

test.each([startLine, endLine, lagLine(0, 1000, 5), blockLine(0, 100), executors])('$type is a line', (line) => {
  expect(isLine(JSON.parse(JSON.stringify(line)))).toBe(true);
});

test('what is optional may be missing, and what is newer may be there', () => {
  const { where: _, stack: __, stacks: ___, task: ____, ...rest } = blockLine(0, 100);
  expect(isLine({ ...rest, cpu: { ...rest.cpu, runQueue: null }, mood: 'new' })).toBe(true);
});

test.each([
  ['no object', null],
  ['a list', [startLine]],
  ['another version', { ...endLine, v: 0 }],
  ['no process', { ...endLine, pid: undefined }],
  ['an unknown type', { ...endLine, type: 'toString' }],
  ['a time that is no number', { ...endLine, at: '5' }],
  ['a frame without a line', blockLine(0, 1, { where: { fn: 'a', file: 'b' } as never })],
  ['a stack that is none', blockLine(0, 1, { stacks: [{ ms: 1, count: 1, frames: [1] as never }] })],
  ['a task without a name', blockLine(0, 1, { task: { id: 1 } as never })],
  ['an executor without its times', { ...executors, executors: { pool: { ...pool, runTime: null } } }],
])('%s is none', (_title, value) => {
  expect(isLine(value)).toBe(false);
});
