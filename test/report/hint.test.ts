import { expect, test } from 'vitest';
import type { BlockCause } from '../../src/base/slow-report.ts';
import { hintFor } from '../../src/report/hint.ts';
import { told } from '../support/samples.ts';

const hint = (cause: BlockCause, where?: object): string | null =>
  hintFor({ ...told, cause, ...(where && { where: { ...told.where!, ...where } }) });

test('a function that computes is to be offloaded, by name where it has one', () => {
  expect(hint('javascript')).toBe('offload it — export const renderLines = offload(import.meta, …)');
  expect(hint('javascript', { fn: 'Report.render' })).toContain('export const render = offload');
  expect(hint('native', { fn: '<anonymous>', native: 'JSON.parse' })).toContain('export const work = offload');
});

test('in a worker it is offloaded already', () => {
  expect(hintFor({ ...told, cause: 'javascript', thread: 3 })).toContain('give it a job of its own');
});

test('a synchronous call has an asynchronous twin', () => {
  expect(hint('sync-wait', { native: 'child_process.execSync' })).toContain('use exec,');
  expect(hint('native', { native: 'crypto.pbkdf2Sync' })).toContain('use pbkdf2,');
  expect(hint('sync-wait', { native: 'Atomics.wait' })).toContain('Atomics.waitAsync');
});

test('what is nobody’s fault says so, and what is unknown says nothing', () => {
  expect(hintFor({ ...told, cause: 'cpu-starved', cpu: { ...told.cpu, run: 20 } })).toMatch(/^none of your code — others had the CPUs/);
  expect(hintFor({ ...told, cause: 'cpu-starved', cpu: { ...told.cpu, run: 120 } })).toMatch(/^120 ms were its own, but others had/);
  expect(hint('suspended')).toContain('none of your code');
  expect(hint('unknown')).toBeNull();
});

test('every other cause has advice of its own', () => {
  const causes: BlockCause[] = ['many-callbacks', 'gc', 'startup', 'sync-wait', 'javascript'];
  expect(new Set(causes.map((cause) => hint(cause))).size).toBe(causes.length);
});
