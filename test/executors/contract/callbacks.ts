/** Functions that stay here and are called from workers: 94, 98, 137, 139, TH-17, TH-19, TH-27. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, it, vi } from 'vitest';
import {
  callback,
  CancelledError,
  CancelScope,
  checkpoint,
  currentTask,
  InvalidStateError,
  isCancelled,
  move,
  NotCloneableError,
  sleepForever,
  WorkerDiedError,
  withTaskGroup,
} from '../../../src/index.ts';
import { add } from '../../fixtures/jobs/basic.ts';
import * as jobs from '../../fixtures/jobs/callbacks.ts';
import { askFor, Point } from '../../fixtures/jobs/streams.ts';
import { runningJob } from '../../support/gates.ts';
import { failure } from '../../support/virtual.ts';
import { waitForSignal } from '../../fixtures/jobs/cancel.ts';
import type { Subject } from './subject.ts';

export function callbacks({ use, shared, separate, processes, reports }: Subject): void {
  it('a worker calls a function, sync or async, and gets its value (94, TH-17)', async () => {
    const executor = shared(1);
    expect(await executor.submit(jobs.callWith, [callback((a: unknown, b: unknown) => [a, b]), 1, { two: 2 }])).toEqual([1, { two: 2 }]);
    const later = callback(async (n: unknown) => {
      await new Promise((resolve) => setImmediate(resolve));
      return (n as number) + 1;
    });
    expect(await executor.submit(jobs.callWith, [later, 1])).toBe(2);
    expect(await executor.submit(jobs.callAll, [callback((n: number) => n * n), 50])).toEqual(Array.from({ length: 50 }, (_, i) => i * i));
  });

  it('callbacks may sit anywhere in the arguments, which are left as they are; one function is one function there', async () => {
    const fn = callback((x: string) => `<${x}>`);
    const box = { name: 'a', on: new Map([['row', fn]]), list: [fn] };
    expect(await shared(1).submit(jobs.callInside, [box])).toEqual(['<a>', '<b>', true]);
    expect([box.on.get('row'), box.list]).toEqual([fn, [fn]]);
    expect(fn('here')).toBe('<here>');
  });

  it('a function that is not wrapped is refused, and the error names callback()', async () => {
    const error = await failure(shared(1).submit(jobs.callWith, [() => 1]));
    expect(error).toBeInstanceOf(NotCloneableError);
    expect((error as Error).message).toMatch(/args\[0\].*callback\(\)/);
    expect(() => callback('no' as never)).toThrow(/fn.*function/);
  });

  it('a call runs in the task, scope and context of the submitting call', async () => {
    const executor = shared(1);
    const als = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const fn = callback(() => void seen.push(als.getStore(), currentTask()?.name));
    await withTaskGroup(async (tg) => {
      tg.spawn(() => als.run('of the call', () => executor.submit(jobs.callWith, [fn])), { name: 'submitter' });
    });
    expect(seen).toEqual(['of the call', 'submitter']);
  });

  it('errors come back with class, code, cause and the frames of both sides', async () => {
    const executor = shared(1);
    const fail = callback(async () => {
      throw Object.assign(new RangeError('from the loop', { cause: new Error('why') }), { code: 'E_CB' });
    });
    const seen = await executor.submit(jobs.catchFrom, [fail]);
    expect(seen).toMatchObject({ isRangeError: true, message: 'from the loop', code: 'E_CB', cause: 'why' });
    expect((seen as Error).stack).toMatch(/contract\/callbacks\.ts[^]*fixtures\/jobs\/callbacks\.[jt]s/);
    expect(await failure(executor.submit(jobs.callWith, [fail]))).toMatchObject({
      name: 'RangeError',
      code: 'E_CB',
      cause: { message: 'why' },
    });
    expect(reports).toEqual([]);
  });

  it('registered classes survive, both ways; moved buffers are moved; what cannot be cloned is refused, both ways', async () => {
    const executor = shared(1);
    expect(await executor.submit(jobs.sendPoint, [callback((p) => new Point(p.doubled))])).toBe(16);
    const [left, ...bytes] = await executor.submit(jobs.sendBuffer, [callback((b) => move(b.map((x: number) => x + 1)))]);
    expect(bytes).toEqual([2, 3]);
    if (separate && !processes) expect(left).toBe(0);
    if (!separate) return;
    expect(await failure(executor.submit(jobs.sendFunction, [callback(() => 1)]))).toMatchObject({
      name: 'NotCloneableError',
      path: 'args[0].on',
    });
    const error = await failure(executor.submit(jobs.callWith, [callback(() => ({ deep: () => 1 }))]));
    expect(error).toMatchObject({ name: 'NotCloneableError', path: 'result of the callback.deep' });
  });

  it('a call ends with its job: what it does here is cancelled when the job is', async () => {
    const executor = use({ max: 1 });
    const scope = new CancelScope();
    const ended = vi.fn<(error: unknown) => void>();
    await scope.run(async () => {
      const hang = callback(async () => {
        setImmediate(() => scope.cancel());
        await sleepForever().catch((error: unknown) => {
          ended(error);
          throw error;
        });
      });
      expect(await failure(executor.submit(jobs.callAndWaitForever, [hang]))).toBeInstanceOf(CancelledError);
    });
    expect(ended.mock.calls).toMatchObject([[{ name: 'CancelledError' }]]);
    expect(await executor.submit(add, [1, 2])).toBe(3);
    expect(executor.statistics().respawned).toBe(0);
  });

  it('a cancelled job can still call; the call sees the cancelled scope at its checkpoints only (TH-19)', async () => {
    const executor = shared(1);
    const seen: unknown[] = [];
    const scope = new CancelScope();
    await scope.run(async () => {
      const tell = callback(async (state: string) => {
        seen.push(state, await checkpoint().then(() => false, isCancelled));
        if (state === 'running') scope.cancel();
      });
      await failure(executor.submit(jobs.callInCleanup, [tell]));
    });
    expect(seen).toEqual(['running', false, 'cleaning up', true]);
  });

  it('a call that the job did not wait for does no harm, and neither does a call after its end: that is refused', async () => {
    const executor = use({ max: 1 });
    const fn = vi.fn<() => Promise<void>>(() => new Promise((resolve) => setTimeout(resolve, 5)));
    await executor.submit(jobs.keep, [callback(fn), true]);
    expect(await executor.submit(jobs.callKept, [])).toMatch(/^ClosedResourceError: .* after job .* had ended/);
    expect([fn.mock.calls.length, executor.statistics().respawned]).toEqual([1, 0]);
    expect(reports).toEqual([]);
  });

  it.runIf(separate)('when the worker dies, the job rejects and the call here is cancelled (137)', async () => {
    const executor = shared(1);
    const ended = vi.fn<(error: unknown) => void>();
    const hang = callback(async () => sleepForever().catch(ended));
    expect(await failure(executor.submit(jobs.callAndExit, [hang]))).toBeInstanceOf(WorkerDiedError);
    await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce());
    expect(await executor.submit(add, [1, 2])).toBe(3);
  });

  it('streams take callbacks, too', async () => {
    const items: string[] = [];
    for await (const item of askFor.with({ executor: shared(1) })(callback((i) => `item ${i}`))) items.push(item);
    expect(items).toEqual(['item 0', 'item 1', 'item 2']);
  });

  it.runIf(separate)('a callback that waits for a job of its own saturated pool gets an error, no deadlock (139, TH-27)', async () => {
    const executor = use({ max: 1, name: 'small pool' });
    const again = callback((a: number, b: number) => executor.submit(add, [a, b]));
    const error = await failure(executor.submit(jobs.addTwice, [again]));
    expect(error).toBeInstanceOf(InvalidStateError);
    expect((error as Error).message).toMatch(/^small pool would wait for itself/);
    expect(await executor.submit(add, [1, 2])).toBe(3);
    expect(executor.statistics()).toMatchObject({ queued: 0, running: 0, respawned: 0 });
  });

  it.runIf(separate)('the same through a chain of jobs on all workers', async () => {
    const executor = shared(2);
    const inner = callback((a: number, b: number) => executor.submit(add, [a, b]));
    const outer = callback(() => executor.submit(jobs.addTwice, [inner]));
    expect(await failure(executor.submit(jobs.callWith, [outer]))).toBeInstanceOf(InvalidStateError);
  });

  it.runIf(separate)(
    'a job that is submitted in a callback and not awaited there just waits; one with a free worker runs (139)',
    async () => {
      const executor = shared(1);
      let inner: PromiseLike<number> | undefined;
      const start = callback(() => {
        inner = executor.submit(add, [1, 2]).catch(() => -1);
      });
      await executor.submit(jobs.callWith, [start]);
      expect(await inner).toBe(3);
      const two = use({ max: 2 });
      const { job } = await runningJob(two, waitForSignal, []);
      const settled = two.submit(jobs.addTwice, [callback((a: number, b: number) => two.submit(add, [a, b]))]);
      setTimeout(() => job.cancel(), 30); // the other worker is busy, but not with a callback: it will be free
      expect(await settled).toBe(6);
      await failure(job);
    },
  );
}
