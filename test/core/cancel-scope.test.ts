import { getEventListeners } from 'node:events';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError, InvalidStateError } from '../../src/base/errors.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint, throwIfCancelled } from '../../src/core/checkpoint.ts';
import { currentScope } from '../../src/core/current-scope.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { shield, timeout } from '../../src/core/timeout.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

describe('run', () => {
  it('resolves with the value of the body', () =>
    virtually(async () => {
      const scope = new CancelScope();
      const value = await scope.run((s) => {
        expect(s).toBe(scope);
        return 'value' as const;
      });
      expectTypeOf(value).toEqualTypeOf<'value' | undefined>();
      expect([value, scope.cancelCalled, scope.cancelledCaught]).toEqual(['value', false, false]);
    }));

  it('rejects with the error of the body, also when the scope was cancelled', () =>
    virtually(async () => {
      const scope = new CancelScope();
      const error = await failure(() =>
        scope.run(async (s) => {
          s.cancel();
          await failure(() => checkpoint());
          throw new Error('of its own');
        }),
      );
      expect([(error as Error).message, scope.cancelCalled, scope.cancelledCaught]).toEqual(['of its own', true, false]);
    }));

  it('keeps the value of a body that ends normally although it was cancelled', () =>
    virtually(async () => {
      const scope = new CancelScope();
      expect(await scope.run((s) => (s.cancel(), 'value'))).toBe('value');
      expect([scope.cancelCalled, scope.cancelledCaught]).toEqual([true, false]);
    }));

  it('runs one body, once', () =>
    virtually(async () => {
      const scope = new CancelScope();
      await scope.run(async () => {
        expect(await refusal(() => scope.run(() => {}))).toBe(
          'InvalidStateError OFFLOOP_INVALID_STATE: This scope is entered already: a CancelScope runs one body, once',
        );
      });
      expect(await failure(() => scope.run(() => {}))).toBeInstanceOf(InvalidStateError);
    }));
});

describe('cancel', () => {
  it('makes every later checkpoint throw, and a second call changes nothing (CS-01)', () =>
    virtually(async () => {
      const scope = new CancelScope();
      const errors: unknown[] = [];
      await scope.run(async (s) => {
        s.cancel('first');
        s.cancel('second');
        errors.push(await failure(() => checkpoint()), await failure(() => sleep(1)));
        throwIfCancelled();
      });
      expect(errors).toMatchObject([{ reason: 'first' }, { reason: 'first' }]);
      expect([scope.cancelCalled, scope.cancelledCaught]).toEqual([true, true]);
    }));

  it('before the scope is entered makes the first checkpoint throw (CS-03)', () =>
    virtually(async () => {
      const scope = new CancelScope();
      scope.cancel('early');
      scope.cancel('later');
      const log: string[] = [];
      const value = await scope.run(async () => {
        log.push('began');
        await checkpoint();
        log.push('went on');
      });
      expect([value, log, scope.cancelCalled, scope.cancelledCaught]).toEqual([undefined, ['began'], true, true]);
    }));

  it('of both of two nested scopes: the outer one absorbs (CS-05)', () =>
    virtually(async () => {
      const [outer, inner] = [new CancelScope(), new CancelScope()];
      const log: string[] = [];
      await outer.run(async () => {
        await inner.run(async () => {
          inner.cancel();
          outer.cancel();
          await checkpoint();
        });
        log.push('between');
      });
      expect([outer, inner].map((s) => [s.cancelCalled, s.cancelledCaught])).toEqual([[true, true], [true, false]]); // prettier-ignore
      expect(log).toEqual([]);
    }));

  it('of the inner one only leaves the outer one going', () =>
    virtually(async () => {
      const outer = new CancelScope();
      const log: string[] = [];
      await outer.run(async () => {
        await new CancelScope().run(async (inner) => {
          inner.cancel();
          await checkpoint();
        });
        await checkpoint();
        log.push('went on');
      });
      expect([log, outer.cancelCalled]).toEqual([['went on'], false]);
    }));

  it('of a scope that was handed to another task ends only its own block (CS-33)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const scope = new CancelScope();
        const log: string[] = [];
        tg.spawn(async () => {
          await scope.run(() => sleepForever());
          log.push('after the block');
          await checkpoint();
        });
        await waitAllTasksBlocked();
        scope.cancel();
        await checkpoint();
        log.push('canceller goes on');
        expect(log).toEqual(['after the block', 'canceller goes on']);
      }),
    ));

  it('of the outermost of 5,000 nested scopes does not overflow the stack (CS-31)', () =>
    virtually(async () => {
      let unwound = 0;
      const nest = async (depth: number): Promise<void> => {
        await checkpoint();
        if (depth === 0) return sleepForever();
        try {
          await new CancelScope().run(() => nest(depth - 1));
        } finally {
          unwound++;
        }
      };
      const outermost = new CancelScope({ timeout: 10 });
      await outermost.run(() => nest(5_000));
      expect([outermost.cancelledCaught, unwound]).toEqual([true, 5_000]);
    }));

  it('after the end changes nothing', () =>
    virtually(async () => {
      const scope = new CancelScope();
      await scope.run(() => {});
      scope.cancel();
      expect(scope.cancelCalled).toBe(false);
      throwIfCancelled();
    }));

  it('names who did it', () =>
    virtually(async ({ task }) => {
      task.name = 'chief';
      await new CancelScope().run(async (s) => {
        s.cancel('enough');
        expect(await failure(() => checkpoint())).toMatchObject({ by: 'chief', message: 'cancelled by "chief" (enough)' });
      });
    }));

  it('that a body swallowed leaves no residue: a later time limit works (CS-37)', () =>
    virtually(async () => {
      await withTaskGroup(async (tg) => {
        tg.spawn(() => sleepForever());
        tg.cancel();
        await sleepForever();
      });
      expect(await failure(() => timeout(10, () => sleepForever()))).toMatchObject({ name: 'TimeoutError' });
      expect(now()).toBe(10);
    }));

  it('is delivered even if the one before it was swallowed (level-triggered)', () =>
    virtually(async () => {
      let swallowed = 0;
      await new CancelScope().run(async (s) => {
        s.cancel();
        for (let i = 0; i < 5; i++) {
          try {
            await sleep(10);
          } catch {
            swallowed++;
          }
        }
      });
      expect([swallowed, now()]).toEqual([5, 0]);
    }));
});

describe('shield', () => {
  it('keeps the outer cancellation out, but not its own; switched off it exposes, on again it protects (CS-07)', () =>
    virtually(async () => {
      const outer = new CancelScope();
      await outer.run(async () => {
        await new CancelScope({ shield: true }).run(async (shielded) => {
          outer.cancel();
          await checkpoint();
          await new CancelScope().run(async (inside) => {
            inside.cancel();
            await failure(() => checkpoint());
          });
          shielded.shield = false;
          expect(await failure(() => checkpoint())).toBeInstanceOf(CancelledError);
          shielded.shield = true;
          await checkpoint();
          expect(shielded.shield).toBe(true);
        });
      });
      expect(outer.cancelledCaught).toBe(false);
    }));

  it('raised while the CancelledError is on its way out does not catch it (CS-09)', () =>
    virtually(async () => {
      const [outer, inner] = [new CancelScope(), new CancelScope()];
      await outer.run(() =>
        inner.run(async () => {
          outer.cancel();
          try {
            await checkpoint();
          } finally {
            inner.shield = true;
          }
        }),
      );
      expect([outer.cancelledCaught, inner.cancelledCaught]).toEqual([true, false]);
    }));

  it('on an inner scope that is cancelled too lets it absorb, and the code between runs (CS-11)', () =>
    virtually(async () => {
      const [outer, inner] = [new CancelScope(), new CancelScope({ shield: true })];
      let between = false;
      await outer.run(async () => {
        outer.cancel();
        await inner.run(async () => {
          inner.cancel();
          await checkpoint();
        });
        between = true;
      });
      expect([inner.cancelCalled, inner.cancelledCaught, outer.cancelCalled, outer.cancelledCaught, between]).toEqual([true, true, true, false, true]); // prettier-ignore
    }));

  it('switched on by the running task, then off, takes effect both times (CS-13)', () =>
    virtually(async () => {
      const outer = new CancelScope();
      const log: string[] = [];
      await outer.run(() =>
        new CancelScope().run(async (s) => {
          s.shield = true;
          outer.cancel();
          await sleep(10);
          log.push(`slept until ${now()}`);
          s.shield = false;
          await sleep(10);
          log.push('never');
        }),
      );
      expect([log, outer.cancelledCaught]).toEqual([['slept until 10'], true]);
    }));

  it('lifted from outside wakes a task that is parked behind it', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const [outer, inner] = [new CancelScope(), new CancelScope({ shield: true })];
        const task = tg.spawn(() => outer.run(() => inner.run(() => sleepForever())));
        await waitAllTasksBlocked();
        outer.cancel();
        await waitAllTasksBlocked();
        expect(task.settled).toBe(false);
        inner.shield = false;
        await task;
        expect(outer.cancelledCaught).toBe(true);
      }),
    ));

  it('does not keep a cancellation of the shielded scope itself out (CS-35)', () =>
    virtually(async () => {
      const scope = new CancelScope({ shield: true });
      await scope.run(async () => {
        scope.cancel();
        await sleepForever();
      });
      expect(scope.cancelledCaught).toBe(true);
    }));

  it('may be set before the scope is entered, and is refused when it is no boolean', () =>
    virtually(async () => {
      const scope = new CancelScope();
      scope.shield = true;
      const outer = new CancelScope();
      await outer.run(async () => {
        outer.cancel();
        await scope.run(() => checkpoint());
      });
      expect(await refusal(() => void (scope.shield = 1 as never))).toBe('TypeError OFFLOOP_INVALID_ARGUMENT: Expected shield to be a boolean, got 1 (number)');
    })); // prettier-ignore

  it('what was started in it and not awaited meets the outer cancellation when it ends', () =>
    virtually(async () => {
      const outer = new CancelScope();
      let left: Promise<unknown> | undefined;
      await outer.run(async () => {
        outer.cancel('outer');
        await shield(async () => {
          left = failure(() => sleepForever());
        });
        expect(await left).toMatchObject({ reason: 'outer' });
      });
    }));
});

describe('a deadline', () => {
  it('counts from entering, not from making the scope (CS-19)', () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 50 });
      await sleep(100);
      expect(scope.deadline).toBe(Infinity);
      await scope.run(async () => {
        expect(scope.deadline).toBe(150);
        await sleepForever();
      });
      expect([now(), scope.cancelledCaught]).toEqual([150, true]);
    }));

  it('absolute and relative: the earlier counts', () =>
    virtually(async () => {
      await new CancelScope({ timeout: 50, deadline: 20 }).run(() => sleepForever());
      expect(now()).toBe(20);
      await new CancelScope({ timeout: 50, deadline: 1_000 }).run(() => sleepForever());
      expect(now()).toBe(70);
    }));

  it('set before entering counts, and one in the past cancels at the first checkpoint', () =>
    virtually(async () => {
      const scope = new CancelScope();
      scope.deadline = -5;
      let began = false;
      await scope.run(async () => {
        began = true;
        await checkpoint();
        began = false;
      });
      expect([began, scope.cancelledCaught]).toEqual([true, true]);
    }));

  it('moved later keeps the body going, removed with null or Infinity for ever (CS-17)', () =>
    virtually(async () => {
      for (const never of [null, Infinity]) {
        const scope = new CancelScope({ timeout: 10 });
        const start = now();
        await scope.run(async (s) => {
          s.deadline = start + 30;
          await sleep(25);
          s.deadline = never;
          expect(s.deadline).toBe(Infinity);
          await sleep(25);
        });
        expect([now() - start, scope.cancelCalled]).toEqual([50, false]);
      }
    }));

  it('the first cause wins over a deadline that passes later (CS-27)', () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 10 });
      await scope.run(async () => {
        scope.cancel('first');
        expect(await failure(() => checkpoint())).toMatchObject({ source: 'explicit', reason: 'first' });
        await shield(() => sleep(50));
        expect(await failure(() => checkpoint())).toMatchObject({ source: 'explicit', reason: 'first' });
      });
    }));

  it('cannot be changed when the scope is cancelled, or finished (TO-21, TO-23)', () =>
    virtually(async () => {
      const scope = new CancelScope();
      const set = (): void => void (scope.deadline = 5);
      await scope.run(async () => {
        scope.cancel();
        expect(await refusal(set)).toBe('InvalidStateError OFFLOOP_INVALID_STATE: The deadline cannot be changed: the scope is cancelled already (expiring)');
      });
      expect(await refusal(set)).toBe('InvalidStateError OFFLOOP_INVALID_STATE: The deadline cannot be changed: the scope is finished');
    })); // prettier-ignore
});

describe('a signal from outside', () => {
  it('cancels with its reason, and is not listened to any more afterwards (CS-41)', () =>
    virtually(async () => {
      const controller = new AbortController();
      const scope = new CancelScope({ signal: controller.signal });
      let seen: unknown;
      await scope.run(async () => {
        expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
        setImmediate(() => controller.abort('closing'));
        seen = await failure(() => sleepForever());
        await checkpoint();
      });
      expect([seen, scope.cancelledCaught]).toEqual([expect.objectContaining({ source: 'signal', reason: 'closing' }), true]);

      const quiet = new AbortController();
      await new CancelScope({ signal: quiet.signal }).run(() => checkpoint());
      expect(getEventListeners(quiet.signal, 'abort')).toHaveLength(0);
    }));

  it('that is aborted already makes the first checkpoint throw (CS-41)', () =>
    virtually(async () => {
      const scope = new CancelScope({ signal: AbortSignal.abort('before') });
      const log: unknown[] = [];
      await scope.run(async () => {
        log.push('began');
        log.push(await failure(() => checkpoint()));
      });
      expect(log).toEqual(['began', expect.objectContaining({ reason: 'before' })]);
    }));

  it('is not listened to before the scope is entered, nor after it failed', () =>
    virtually(async () => {
      const controller = new AbortController();
      const scope = new CancelScope({ signal: controller.signal });
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
      await failure(() => scope.run(() => Promise.reject(new Error('boom'))));
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    }));
});

describe('its own signal', () => {
  it('is aborted by a cancel, with the CancelledError as reason', () =>
    virtually(async () => {
      const scope = new CancelScope();
      await scope.run(async () => {
        const { signal } = scope;
        expect([signal.aborted, scope.signal]).toEqual([false, signal]);
        scope.cancel('why');
        expect([signal.aborted, signal.reason]).toEqual([true, expect.objectContaining({ reason: 'why' })]);
      });
    }));

  it('is the same before and after entering, and hears of a cancel in either state', () =>
    virtually(async () => {
      const entered = new CancelScope();
      const { signal } = entered;
      await entered.run(async () => {
        expect(entered.signal).toBe(signal);
        entered.cancel();
        expect(signal.aborted).toBe(true);
      });
      const early = new CancelScope();
      const before = early.signal;
      early.cancel('early');
      expect([before.aborted, before.reason]).toEqual([true, expect.objectContaining({ reason: 'early' })]);
      const late = new CancelScope();
      late.cancel('late');
      expect([late.signal.aborted, late.signal.reason]).toEqual([true, expect.objectContaining({ reason: 'late' })]);
    }));

  it('hears of a cancellation from outside, also of one that was there before', () =>
    virtually(async () => {
      const outer = new CancelScope();
      await outer.run(async () => {
        const inner = new CancelScope();
        await inner.run(async () => {
          const { signal } = inner;
          outer.cancel();
          expect(signal.aborted).toBe(true);
        });
        const later = new CancelScope();
        const { signal } = later;
        await later.run(() => expect(signal.aborted).toBe(true));
      });
    }));
});

it('the handle of the running scope is the scope itself', () =>
  virtually(() =>
    new CancelScope({ name: 'mine' }).run((s) => {
      expect(currentScope()).toBe(s);
      expect(s.name).toBe('mine');
    }),
  ));

const bad: [string, () => unknown, string][] = [
  ['a timeout of NaN', () => new CancelScope({ timeout: NaN }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.timeout to be a number of milliseconds, got NaN (number)'],
  ['a wrong timeout', () => new CancelScope({ timeout: '5' as never }), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.timeout to be a number of milliseconds, got '5' (string)"],
  ['a deadline of NaN', () => new CancelScope({ deadline: NaN }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.deadline to be a point in time in milliseconds, got NaN (number)'],
  ['a wrong shield', () => new CancelScope({ shield: 'yes' as never }), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.shield to be a boolean, got 'yes' (string)"],
  ['a wrong signal', () => new CancelScope({ signal: 'abort' as never }), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.signal to be an AbortSignal, got 'abort' (string)"],
  ['a wrong name', () => new CancelScope({ name: 1 as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.name to be a string, got 1 (number)'],
  ['an unknown option', () => new CancelScope({ timeOut: 1 } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.timeOut; known options are timeout, deadline, shield, signal, name'],
  ['no body', () => new CancelScope().run(undefined as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected body to be a function, got undefined'],
  ['a deadline set to NaN', () => void (new CancelScope().deadline = NaN), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected deadline to be a point in time in milliseconds, or null, got NaN (number)'],
  ['a deadline set to a string', () => void (new CancelScope().deadline = 'x' as never), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected deadline to be a point in time in milliseconds, or null, got 'x' (string)"],
]; // prettier-ignore
it.each(bad)('%s is refused', async (_what, call, message) => {
  expect(await refusal(call)).toBe(message);
});

it('a refused body leaves the scope usable', () =>
  virtually(async () => {
    const scope = new CancelScope();
    await failure(() => scope.run(5 as never));
    expect(await scope.run(() => 'fine')).toBe('fine');
  }));
