import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { Deferred } from '../../src/core/deferred.ts';
import { gather } from '../../src/core/gather.ts';
import type { ExceptionContext } from '../../src/core/runtime.ts';
import { now, sleep } from '../../src/core/sleep.ts';
import { currentTask } from '../../src/core/task.ts';
import { moveOnAfter, timeout } from '../../src/core/timeout.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

describe('Deferred', () => {
  it('is unsettled at first (FU-01)', async () => {
    const d = new Deferred<number>();
    expect([d.settled, d.waiting, String(d), d.statistics()]).toEqual([
      false,
      0,
      '<Deferred pending, 0 waiting>',
      { state: 'pending', waiting: 0 },
    ]);
    const unsettled = 'InvalidStateError OFFLOOP_INVALID_STATE: This Deferred has not settled yet: no ';
    expect([await refusal(() => d.result()), await refusal(() => d.error())]).toEqual([`${unsettled}result`, `${unsettled}error`]);
  });

  it('gives its value to all who wait, in order of arrival, and to later comers', () =>
    virtually(async () => {
      const d = new Deferred<string>();
      const log: string[] = [];
      const waiters = ['a', 'b', 'c'].map((name) => background(async () => void log.push(name + (await d))));
      await waitAllTasksBlocked();
      expect(d.waiting).toBe(3);
      d.resolve('!');
      await Promise.all(waiters);
      expect([log, await d, d.result(), d.error(), d.settled, d.waiting]).toEqual([['a!', 'b!', 'c!'], '!', '!', undefined, true, 0]);
    }));

  it('gives its error to all who wait, and to later comers', () =>
    virtually(async () => {
      const boom = new Error('boom');
      const d = new Deferred<string>();
      const waiters = [1, 2].map(() => background(async () => await d));
      await waitAllTasksBlocked();
      d.reject(boom);
      expect([await failure(waiters[0]!), await failure(waiters[1]!), await failure(d), d.error()]).toEqual([boom, boom, boom, boom]);
      expect(await failure(() => d.result())).toBe(boom);
    }));

  it('settles once: resolve or reject again is an InvalidStateError (FU-03)', async () => {
    const resolved = new Deferred<number>();
    resolved.resolve(1);
    expect(await refusal(() => resolved.resolve(2))).toBe('InvalidStateError OFFLOOP_INVALID_STATE: This Deferred is resolved already');
    expect(await refusal(() => resolved.reject(new Error('no')))).toMatch('This Deferred is resolved already');
    expect([resolved.cancel(), await resolved]).toEqual([false, 1]);
    const cancelled = new Deferred<number>();
    expect([cancelled.cancel(), cancelled.cancel()]).toEqual([true, false]);
    expect(await refusal(() => cancelled.resolve(2))).toMatch('This Deferred is cancelled already');
  });

  it('cancelled: everybody who awaits it is, and their tasks end as cancelled (TA-05)', () =>
    virtually(async () => {
      const d = new Deferred<string>();
      const task = background(async () => await d);
      await waitAllTasksBlocked();
      d.cancel('no longer needed');
      expect(await failure(task)).toMatchObject({ source: 'explicit', reason: 'no longer needed', by: 'main' });
      expect([task.state, String(d), d.error()]).toEqual(['cancelled', '<Deferred cancelled, 0 waiting>', expect.any(CancelledError)]);
    }));

  it('cancelling one who waits leaves the others waiting (FU-07)', () =>
    virtually(async () => {
      const d = new Deferred<string>();
      const [a, b] = [background(async () => await d), background(async () => await d)];
      await waitAllTasksBlocked();
      a.cancel();
      await a.wait();
      expect([a.state, d.waiting, d.settled]).toEqual(['cancelled', 1, false]);
      d.resolve('value');
      expect(await b).toBe('value');
    }));

  it('a waiter that was given the value in the tick of its cancellation keeps it', () =>
    virtually(async () => {
      const d = new Deferred<string>();
      let value: unknown;
      const task = background(async () => {
        value = await d;
        await sleep(1);
      });
      await waitAllTasksBlocked();
      d.resolve('value');
      task.cancel();
      await task.wait();
      expect([task.state, value]).toEqual(['cancelled', 'value']);
    }));

  it('awaiting is a checkpoint, also when it has settled', () =>
    virtually(async () => {
      const d = new Deferred<number>();
      d.resolve(1);
      await new CancelScope().run(async (s) => {
        s.cancel();
        expect(await failure(d)).toBeInstanceOf(CancelledError);
      });
      expect(await d).toBe(1);
    }));

  it('a time limit around the wait leaves it as it is', () =>
    virtually(async () => {
      const d = new Deferred<number>();
      expect([await moveOnAfter(10, async () => await d), now(), d.settled, d.waiting]).toEqual([undefined, 10, false, 0]);
    }));

  it('joins in gather, and its waiters know their task', () =>
    virtually(async () => {
      const d = new Deferred<string>();
      const task = background(async () => {
        await d;
        return currentTask()?.name;
      }, { name: 'waiter' }); // prettier-ignore
      background(() => sleep(5).then(() => d.resolve('value')));
      expect(await gather([d, task])).toEqual(['value', 'waiter']);
    }));
});

describe('onSettled', () => {
  it('calls back when it settles, in order of registration; disposing prevents the call (FU-05)', () => {
    const d = new Deferred<number>();
    const log: unknown[] = [];
    d.onSettled((same) => log.push(same === d, d.result()));
    const registration = d.onSettled(() => log.push('never'));
    d.onSettled(() => log.push('second'));
    registration[Symbol.dispose]();
    d.resolve(1);
    expect(log).toEqual([true, 1, 'second']);
  });

  it('calls back one microtask later when it has settled; disposing still prevents it', async () => {
    const d = new Deferred<number>();
    d.resolve(1);
    const log: string[] = [];
    d.onSettled(() => log.push('called'));
    d.onSettled(() => log.push('never'))[Symbol.dispose]();
    log.push('registered');
    await turns(1);
    expect(log).toEqual(['registered', 'called']);
  });

  it('reports what a callback throws, and goes on with the others', () =>
    virtually(({ reports }) => {
      const d = new Deferred<number>();
      let called = false;
      d.onSettled(function broken() { throw new Error('in callback'); }); // prettier-ignore
      d.onSettled(() => (called = true));
      d.resolve(1);
      expect([reports.map((r) => r.message), called]).toEqual([['Exception in callback broken'], true]);
    }));

  it('refuses what is not a function', async () => {
    expect(await refusal(() => new Deferred().onSettled(5 as never))).toMatch('TypeError OFFLOOP_INVALID_ARGUMENT');
  });
});

describe('rejected and never awaited', () => {
  it('is reported once, one loop turn later, in the context of whoever rejected', async () => {
    const storage = new AsyncLocalStorage<string>();
    const boom = new Error('boom');
    const heard: unknown[] = [];
    const exceptionHandler = ({ message, error }: ExceptionContext): void => {
      heard.push(message, error, storage.getStore(), currentTask()?.name);
    };
    const rejecting = (): void => new Deferred().reject(boom);
    await virtually(
      async () => {
        await storage.run('rejecter', () => background(rejecting));
        expect(heard).toEqual([]);
        await turns(4);
        expect(heard).toEqual(['Deferred exception was never retrieved', boom, 'rejecter', 'rejecting']);
      },
      { exceptionHandler },
    );
  });

  it('is not reported when it is awaited, or asked, in the same turn, or cancelled', () =>
    virtually(async ({ reports }) => {
      const [awaited, asked, cancelled] = [new Deferred(), new Deferred(), new Deferred()];
      awaited.reject(new Error('awaited'));
      asked.reject(new Error('asked'));
      cancelled.cancel();
      await failure(awaited);
      asked.error();
      await turns(3);
      expect(reports).toEqual([]);
    }));

  it('a waiter that left before does not count', () =>
    virtually(async ({ reports }) => {
      const d = new Deferred();
      await failure(() => timeout(5, async () => await d));
      d.reject(new Error('too late'));
      await turns(3);
      expect(reports).toHaveLength(1);
    }));
});
