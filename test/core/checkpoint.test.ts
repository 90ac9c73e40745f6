import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint, throwIfCancelled } from '../../src/core/checkpoint.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { failure, virtually } from '../support/virtual.ts';

describe('checkpoint', () => {
  it('always lets another ready task run (CS-39)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        for (let i = 0; i < 3; i++) {
          let ran = false;
          tg.spawn(() => void (ran = true));
          await checkpoint();
          expect(ran).toBe(true);
        }
      }),
    ));

  it('lets the loop go round, so that timers and I/O run (CS-39)', () =>
    virtually(async () => {
      const log: string[] = [];
      setTimeout(() => log.push('fired'), 5);
      const begun = performance.now();
      while (log.length === 0 && performance.now() - begun < 2_000) await checkpoint();
      expect(log).toEqual(['fired']);
    }));

  it('resumes its callers in the order in which they called', () =>
    virtually(async () => {
      const log: string[] = [];
      await withTaskGroup((tg) => {
        for (const name of ['a', 'b', 'c']) {
          tg.spawn(async () => {
            for (let i = 1; i <= 2; i++) {
              await checkpoint();
              log.push(name + i);
            }
          });
        }
      });
      expect(log).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
    }));

  it('throws when the scope is cancelled, before and while it waits', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        queueMicrotask(() => s.cancel('while'));
        expect(await failure(() => checkpoint())).toMatchObject({ reason: 'while' });
        expect(await failure(() => checkpoint())).toMatchObject({ reason: 'while' });
      }),
    ));

  it('outside of any scope works too', async () => {
    await checkpoint();
    throwIfCancelled();
  });
});

describe('throwIfCancelled', () => {
  it('throws, synchronously, only when the scope is cancelled', () =>
    virtually(() =>
      new CancelScope().run((s) => {
        throwIfCancelled();
        s.cancel('why');
        expect(() => throwIfCancelled()).toThrow(CancelledError);
      }),
    ));
});
