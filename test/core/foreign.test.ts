import { EventEmitter, getEventListeners, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as nodeSleep } from 'node:timers/promises';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError, TimeoutError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { abortable, withSignal } from '../../src/core/foreign.ts';
import { run } from '../../src/core/run.ts';
import { here } from '../../src/core/scope.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, timeout } from '../../src/core/timeout.ts';
import { failure, realTime, refusal, turns, virtually } from '../support/virtual.ts';

/** A platform call that ends only by its signal, with an AbortError, as Node's do. */
const endless = (signal: AbortSignal): Promise<unknown> => once(new EventEmitter(), 'never', { signal });

/** Cancels the block by itself in a moment: a virtual clock rightly waits for a `withSignal` call. */
function soonCancelled(body: () => Promise<unknown>): Promise<unknown> {
  return new CancelScope().run(async (s) => {
    setImmediate(() => s.cancel('enough'));
    return body();
  });
}

describe('withSignal', () => {
  it('passes the value of the call on', () =>
    virtually(async () => {
      const value = await withSignal(() => Promise.resolve(42));
      expectTypeOf(value).toEqualTypeOf<number>();
      expect(value).toBe(42);
    }));

  it('passes an error of the call on, also one thrown at once', () =>
    virtually(async () => {
      const boom = new Error('boom');
      expect(await failure(() => withSignal(() => Promise.reject(boom)))).toBe(boom);
      expect(await failure(() => withSignal(() => { throw boom; }))).toBe(boom); // prettier-ignore
    }));

  it('gives each call a signal of its own, aborted by a cancel with the CancelledError as reason', () =>
    virtually(async () => {
      const signals: AbortSignal[] = [];
      await soonCancelled(() =>
        withTaskGroup((tg) => {
          for (let i = 0; i < 2; i++) {
            tg.spawn(() =>
              withSignal((signal) => {
                signals.push(signal);
                return endless(signal);
              }),
            );
          }
        }),
      );
      expect(new Set(signals).size).toBe(2);
      for (const s of signals) expect(s.reason).toMatchObject({ code: 'OFFLOOP_CANCELLED', reason: 'enough' });
    }));

  it('turns the AbortError that our abort has caused into the CancelledError', () =>
    virtually(async () => {
      const calls: ((signal: AbortSignal) => Promise<unknown>)[] = [endless, (signal) => nodeSleep(1_000_000, null, { signal }), (signal) => new Promise((_r, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))]; // prettier-ignore
      for (const call of calls) {
        let seen: unknown;
        await soonCancelled(async () => {
          seen = await failure(() => withSignal(call));
          await checkpoint();
        });
        expect(seen).toBeInstanceOf(CancelledError);
        expect(seen).toMatchObject({ reason: 'enough' });
      }
    }));

  it("leaves the call's own AbortError alone", () =>
    virtually(async () => {
      const error = await failure(() => withSignal(() => once(new EventEmitter(), 'never', { signal: AbortSignal.abort('of their own') })));
      expect(error).toMatchObject({ name: 'AbortError' });
      expect(error).not.toBeInstanceOf(CancelledError);
    }));

  it('lets another error through that the call throws after the abort', () =>
    virtually(async () => {
      let seen: unknown;
      await soonCancelled(async () => {
        seen = await failure(() => withSignal((signal) => endless(signal).catch(() => Promise.reject(new Error('while closing')))));
        await checkpoint();
      });
      expect(seen).toMatchObject({ message: 'while closing' });
    }));

  it('waits for the call to clean up, and keeps a value that it gives all the same', () =>
    virtually(async () => {
      let seen: unknown;
      await soonCancelled(async () => {
        seen = await withSignal((signal) => endless(signal).catch(() => realTime(5).then(() => 'kept')));
        await checkpoint();
      });
      expect(seen).toBe('kept');
    }));

  it('in a cancelled scope does not call', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        s.cancel();
        let called = false;
        expect(await failure(() => withSignal(async () => void (called = true)))).toBeInstanceOf(CancelledError);
        expect(called).toBe(false);
      }),
    ));

  it('leaves nothing behind: no listener, nothing linked, nothing outstanding', () =>
    virtually(async () => {
      const scope = here();
      const signals: AbortSignal[] = [];
      for (let i = 0; i < 3; i++) {
        await withSignal(async (signal) => {
          signals.push(signal);
          expect(scope.runtime.external).toBe(1);
        });
      }
      await failure(() => withSignal(() => Promise.reject(new Error('x'))));
      expect([scope.first, scope.runtime.external]).toEqual([null, 0]);
      for (const s of signals) expect(getEventListeners(s, 'abort')).toHaveLength(0);
    }));

  it('a time limit ends it in real time as TimeoutError, and the connection is closed', async () => {
    const server = createServer(() => {}).listen(0); // never answers
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await run(
      async () => {
        expect(await failure(() => timeout(50, () => withSignal((signal) => fetch(url, { signal }))))).toBeInstanceOf(TimeoutError);
      },
      { signals: false },
    );
    server.close();
    await once(server, 'close'); // not before the last connection is gone
  });

  it('refuses what is no function', async () => {
    expect(await refusal(() => withSignal(Promise.resolve() as never))).toMatch(/^TypeError OFFLOOP_INVALID_ARGUMENT: Expected op to be a function, got Promise/);
  }); // prettier-ignore
});

describe('abortable', () => {
  it('passes value and error of the promise on', () =>
    virtually(async () => {
      expectTypeOf(await abortable(Promise.resolve(42))).toEqualTypeOf<number>();
      expect(await abortable(realTime(2).then(() => 'value'))).toBe('value');
      expect(await failure(() => abortable(Promise.reject(new Error('boom'))))).toMatchObject({ message: 'boom' });
    }));

  it('stops waiting when cancelled, while the operation goes on; its later error is swallowed', () =>
    virtually(async () => {
      let reject: (e: Error) => void = () => {};
      const operation = new Promise((_r, rej) => (reject = rej));
      expect(await moveOnAfter(10, () => abortable(operation), { fallback: 'moved on' })).toBe('moved on');
      reject(new Error('later'));
      await turns(3); // an unhandled rejection would fail the test run
      expect(here().first).toBeNull();
    }));

  it('in a cancelled scope throws, and handles the promise', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        s.cancel();
        expect(await failure(() => abortable(Promise.reject(new Error('never seen'))))).toBeInstanceOf(CancelledError);
        await turns(3);
      }),
    ));

  it('that was granted before the cancel keeps its value', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        const waiting = abortable(Promise.resolve('value'));
        await Promise.resolve();
        await Promise.resolve();
        s.cancel();
        expect(await waiting).toBe('value');
      }),
    ));

  it('does not keep a virtual clock from the jump that settles its promise', () =>
    virtually(async () => {
      let resolve: (v: string) => void = () => {};
      const promise = new Promise<string>((r) => (resolve = r));
      background(async () => {
        await sleep(10);
        resolve('from another task');
      });
      expect(await abortable(promise)).toBe('from another task');
    }));

  it('takes tasks and other thenables, even those that misbehave', () =>
    virtually(async () => {
      expect(await abortable(background(() => 'task'))).toBe('task');
      const twice: PromiseLike<number> = { then: (ok, no) => (ok?.(1), no?.(new Error('x')), ok?.(2), undefined as never) };
      expect(await abortable(twice)).toBe(1);
      const throwing = { then: () => { throw new Error('in then'); } }; // prettier-ignore
      expect(await failure(() => abortable(throwing as never))).toMatchObject({ message: 'in then' });
      expect(here().first).toBeNull();
    }));

  it('refuses what is no promise', async () => {
    expect(await refusal(() => abortable(5 as never))).toBe('TypeError OFFLOOP_INVALID_ARGUMENT: Expected foreign to be a promise, got 5 (number)');
  }); // prettier-ignore
});
