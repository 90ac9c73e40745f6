import { expect, it } from 'vitest';
import { Child } from '../support/child.ts';

it('a stream that nobody waits for, and a callback of an ended job, do not keep the process alive (137)', async () => {
  const child = new Child('jobs/programs/abandoned-stream');
  const limit = setTimeout(() => child.process.kill('SIGKILL'), 15_000);
  const { code, signal, stdout, stderr } = await child.ended;
  clearTimeout(limit);
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  expect(stdout).toContain("{ done: false, value: 1 } { done: false, value: 'first' }");
}, 20_000);
