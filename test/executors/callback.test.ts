/** What happens on this side; with workers, the contract suite tells. */
import { describe, expect, it, vi } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { here } from '../../src/core/scope.ts';
import { sleepForever } from '../../src/core/sleep.ts';
import { callAround, callback, Callbacks, extractCallbacks } from '../../src/executors/callback.ts';
import type { Wire } from '../../src/executors/ties.ts';
import { decodeThrown } from '../../src/wire/error-codec.ts';
import type { Encoded } from '../../src/wire/error-codec.ts';
import { ERROR, VALUE } from '../../src/wire/protocol.ts';
import type { ToJob } from '../../src/wire/protocol.ts';
import { collectReports } from '../support/fake-worker.ts';
import { makeJob } from '../support/jobs.ts';

const reports = collectReports();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
type Reply = Extract<ToJob, { type: 'reply' }>;

describe('arguments', () => {
  it('without callbacks are left alone, also when they hold other functions', () => {
    callback(() => 1);
    expect(extractCallbacks([1, { a: [() => 1] }, new Map()])).toBeNull();
  });

  it('with callbacks are copied where these are; the rest is shared, and the original unchanged', () => {
    const fn = callback(() => 1);
    const other = { deep: [1] };
    const args = [{ fn, other }, [fn], new Map([['k', fn]]), new Set([fn]), other];
    const found = extractCallbacks(args)!;
    expect(found.fns).toHaveLength(1);
    const [object, list, map, set, rest] = found.args as [
      (typeof args)[0] & { other: unknown },
      unknown[],
      Map<string, unknown>,
      Set<unknown>,
      unknown,
    ];
    const token = (object as unknown as { fn: Record<string, number> }).fn;
    expect([Object.values(token), list, map, set]).toEqual([[0], [token], new Map([['k', token]]), new Set([token])]);
    expect([object.other === other, rest === other, (args[0] as { fn: unknown }).fn === fn]).toEqual([true, true, true]);
    expect(() => structuredClone(found.args)).not.toThrow();
  });

  it('may be cyclic', () => {
    const loop: { self?: unknown; fn: unknown } = { fn: callback(() => 1) };
    const plain: { self?: unknown } = {};
    plain.self = plain;
    expect(extractCallbacks([plain, loop.fn])!.args[0]).toBe(plain);
  });
});

describe('a call', () => {
  const setUp = (fn: (...args: unknown[]) => unknown) => {
    const job = makeJob();
    const posted: Reply[] = [];
    const wire: Wire = { post: (message) => void posted.push(structuredClone(message) as Reply), keepAlive: () => {} };
    const callbacks = new Callbacks(job, [fn]);
    callbacks.connected(wire);
    const call = (...args: unknown[]): boolean => callbacks.heard({ type: 'call', id: job.id, call: 5, callback: 0, args, encoded: false });
    return { job, posted, callbacks, call };
  };

  it('is pending until it is answered, and knows its job', async () => {
    let around: unknown;
    const { job, posted, callbacks, call } = setUp(async (x) => {
      around = callAround(here())?.job;
      await turn();
      return x;
    });
    expect(call('x')).toBe(true);
    expect(callbacks.pending.size).toBe(1);
    await turn();
    await turn();
    expect([callbacks.pending.size, around, posted]).toEqual([0, job, [{ type: 'reply', id: job.id, call: 5, kind: VALUE, payload: 'x' }]]);
    expect(callAround(here())).toBeNull();
    job.end({ ok: true, value: 1 });
  });

  it('of a job that was abandoned is answered with its cancellation, and does not run', () => {
    const fn = vi.fn<() => void>();
    const { job, posted, call } = setUp(fn);
    job.cancel();
    job.endCancelled();
    call();
    expect(posted).toMatchObject([{ kind: ERROR }]);
    expect(decodeThrown(posted[0]!.payload as Encoded)).toBeInstanceOf(CancelledError);
    expect(fn).not.toHaveBeenCalled();
  });

  it('is cancelled when its job ends; what fails for another reason then is reported', async () => {
    const quiet = setUp(() => sleepForever());
    const loud = setUp(() => sleepForever().catch(() => Promise.reject(new RangeError('late'))));
    for (const { job, call } of [quiet, loud]) {
      call();
      job.end({ ok: true, value: 1 });
    }
    await turn();
    expect(reports).toMatchObject([{ error: { message: 'late' }, task: loud.job }]);
  });
});
