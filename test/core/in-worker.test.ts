import { afterEach, expect, it } from 'vitest';
import { runInWorker } from '../../src/core/in-worker.ts';
import { run } from '../../src/core/run.ts';
import { Runtime } from '../../src/core/runtime.ts';
import { ambient, Scope } from '../../src/core/scope.ts';
import { refusal, turns } from '../support/virtual.ts';

const key = Symbol.for('offloop.worker.v1');
const host = globalThis as { [key]?: { loading: number; runReached?: () => void } };
afterEach(() => {
  delete host[key];
});

it('outside of a worker run() runs', async () => {
  expect(runInWorker()).toBeNull();
  expect(await run(() => 'ran', { signals: false })).toBe('ran');
});

it.each([0, 1])(
  'in a worker main never runs, neither does what follows run(): the module loader goes on (loading: %i)',
  async (loading) => {
    let reached = 0;
    host[key] = { loading, runReached: () => reached++ };
    let ran = false;
    let followed = false;
    void run(() => (ran = true)).finally(() => (followed = true));
    await turns(3);
    expect([ran, followed, reached]).toEqual([false, false, 1]);
  },
);

it('a job in a worker that calls run() itself goes on with nothing, main does not run', async () => {
  host[key] = { loading: 0 };
  let ran = false;
  const job = new Scope(null, new Runtime());
  expect(await ambient.run(job, () => run(() => (ran = true)))).toBeUndefined();
  expect(ran).toBe(false);
});

it('what main is, and the options, are checked in a worker too', async () => {
  host[key] = { loading: 1 };
  expect(await refusal(() => run(5 as never))).toBe('TypeError OFFLOOP_INVALID_ARGUMENT: Expected main to be a function, got 5 (number)');
});
