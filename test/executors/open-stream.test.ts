import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it, vi } from 'vitest';
import type { Executor } from '../../src/executors/executor.ts';
import type { JobInit, MakeJob } from '../../src/executors/job.ts';
import { defaults, openStream } from '../../src/executors/open-stream.ts';
import { resolveSubmitOptions } from '../../src/executors/options.ts';
import { here } from '../../src/core/scope.ts';
import { failure } from '../support/virtual.ts';

const fn = { id: 79, ref: { module: 'file:///rows.js', export: 'rows', fingerprint: undefined }, name: 'rows' };
const rows = function* (): Generator<number> {
  yield 1;
};
const call = { ...defaults, fn: rows, local: rows, args: [] };

describe('openStream', () => {
  it('submits with the first next(), in the context of the call', async () => {
    const als = new AsyncLocalStorage<string>();
    const submitFrom = vi.fn<(...a: [unknown, unknown, unknown, unknown, MakeJob]) => unknown>((_below, _fn, _args, _options, make) => {
      const init: JobInit = [here(), { jobCancelled: () => {} }, fn, [], resolveSubmitOptions(undefined), openStream];
      make(init).end({ ok: true, value: undefined });
      return als.getStore();
    });
    const executor = { submitFrom, submit: () => {}, shutdown: () => {} } as unknown as Executor;
    const items = als.run('of the call', () => openStream({ ...call, executor, args: [7], options: { name: 'given' } }));
    expect(submitFrom).not.toHaveBeenCalled();
    expect(await items.next()).toEqual({ done: true, value: undefined });
    expect(submitFrom).toHaveReturnedWith('of the call');
    expect(submitFrom.mock.calls[0]).toMatchObject([expect.any(Function), rows, [7], { name: 'given' }, expect.any(Function)]);
  });

  it('runs in place where there are no workers, and refuses an executor it does not know', async () => {
    const inline = { statistics: () => ({ kind: 'inline' }) } as unknown as Executor;
    expect(await openStream({ ...call, executor: inline }).next()).toEqual({ done: false, value: 1 });
    const foreign = { statistics: () => ({ kind: 'thread' }) } as unknown as Executor;
    expect(await failure(() => openStream({ ...call, executor: foreign }).next())).toBeInstanceOf(TypeError);
  });
});
