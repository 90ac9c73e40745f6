import { afterEach, expect, it } from 'vitest';
import { runInWorker } from '../../src/core/in-worker.ts';
import { run } from '../../src/core/run.ts';
import { turns } from '../support/virtual.ts';

const key = Symbol.for('offloop.worker.v1');
const host = globalThis as { [key]?: { loading: number; runReached?: () => void } };
afterEach(() => {
  delete host[key];
});

it('outside of a worker run() runs', async () => {
  expect(runInWorker()).toBeNull();
  expect(await run(() => 'ran', { signals: false })).toBe('ran');
});

it('in a worker main never runs, and while a module is imported neither does what follows run()', async () => {
  let reached = 0;
  host[key] = { loading: 1, runReached: () => reached++ };
  let ran = false;
  let followed = false;
  void run(() => (ran = true)).finally(() => (followed = true));
  await turns(3);
  expect([ran, followed, reached]).toEqual([false, false, 1]);
});

it('in a worker that has loaded its modules run() resolves with nothing, main does not run', async () => {
  host[key] = { loading: 0 };
  let ran = false;
  expect(await run(() => (ran = true))).toBeUndefined();
  expect(ran).toBe(false);
});
