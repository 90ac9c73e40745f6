import { describe, expect, it } from 'vitest';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { currentEffectiveDeadline, currentScope, currentSignal } from '../../src/core/current-scope.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { failure, virtually } from '../support/virtual.ts';

describe('currentScope', () => {
  it('is undefined outside of any run or scope', () => {
    expect(currentScope()).toBeUndefined();
  });

  it('is the innermost scope, and the same handle each time', () =>
    virtually(async () => {
      const ofTask = currentScope();
      expect(ofTask).toBeInstanceOf(CancelScope);
      expect(currentScope()).toBe(ofTask);
      await new CancelScope().run(async (s) => {
        expect(currentScope()).toBe(s);
        await withTaskGroup((tg) => expect(currentScope()).toBe(tg.scope));
        expect(currentScope()).toBe(s);
      });
      expect(currentScope()).toBe(ofTask);
    }));

  it('of a task cancels the task, takes a deadline, a shield and gives its signal', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const scopes: CancelScope[] = [];
        const sleeper = (): Promise<never> => {
          scopes.push(currentScope()!);
          return sleepForever();
        };
        const [a, b, c] = [tg.spawn(sleeper), tg.spawn(sleeper), tg.spawn(sleeper)];
        await checkpoint();
        const { signal } = scopes[0]!;
        scopes[0]!.cancel('a');
        scopes[1]!.deadline = now() + 10;
        scopes[2]!.shield = true;
        expect([signal.aborted, scopes[2]!.shield, scopes[1]!.deadline]).toEqual([true, true, 10]);
        await sleep(20);
        expect([a.state, b.state, now()]).toEqual(['cancelled', 'cancelled', 20]);
        expect([a.error(), b.error()]).toMatchObject([{ reason: 'a' }, { source: 'deadline' }]);
        expect(await failure(() => (scopes[1]!.deadline = 5))).toMatchObject({ code: 'OFFLOOP_INVALID_STATE' });
        scopes[2]!.shield = false;
        c.cancel();
      }),
    ));
});

describe('currentSignal', () => {
  it('is aborted when the ambient scope is cancelled', () =>
    virtually(async () => {
      let signal: AbortSignal | undefined;
      await moveOnAfter(10, async () => {
        signal = currentSignal();
        expect([currentSignal(), signal.aborted]).toEqual([signal, false]);
        await sleepForever();
      });
      expect([signal?.aborted, signal?.reason]).toEqual([true, expect.objectContaining({ source: 'deadline' })]);
    }));
});

describe('currentEffectiveDeadline', () => {
  it('is the earliest of all nested deadlines, and follows changes and shields (CS-15)', () =>
    virtually(async () => {
      expect(currentEffectiveDeadline()).toBe(Infinity);
      await moveOnAfter(50, async (outer) => {
        expect(currentEffectiveDeadline()).toBe(50);
        await moveOnAfter(10, async (inner) => {
          expect(currentEffectiveDeadline()).toBe(10);
          inner.deadline = 90;
          expect(currentEffectiveDeadline()).toBe(50);
          inner.shield = true;
          expect(currentEffectiveDeadline()).toBe(90);
          inner.shield = false;
          outer.deadline = 70;
          expect(currentEffectiveDeadline()).toBe(70);
          inner.deadline = null;
          outer.deadline = null;
          expect(currentEffectiveDeadline()).toBe(Infinity);
          outer.deadline = 60;
        });
        await withTaskGroup((tg) => void tg.spawn(() => expect(currentEffectiveDeadline()).toBe(60)));
        await shield(() => expect(currentEffectiveDeadline()).toBe(Infinity));
      });
    }));

  it('is -Infinity in a cancelled scope, unless a shield keeps the cancellation out (CS-15)', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        s.cancel();
        expect(currentEffectiveDeadline()).toBe(-Infinity);
        await shield(() => expect(currentEffectiveDeadline()).toBe(Infinity));
        await shield((inner) => {
          inner.cancel();
          expect(currentEffectiveDeadline()).toBe(-Infinity);
        });
      }),
    ));
});
