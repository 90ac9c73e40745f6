import { describe, expect, it } from 'vitest';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { Sequencer } from '../../src/testing/sequencer.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

describe('Sequencer', () => {
  it('puts the steps of several tasks in order', () =>
    virtually(async () => {
      const log: number[] = [];
      const sequence = new Sequencer();
      const steps = async (...numbers: number[]): Promise<void> => {
        for (const n of numbers) await sequence.run(n, () => void log.push(n));
      };
      await withTaskGroup((tg) => {
        tg.spawn(() => steps(1, 4));
        tg.spawn(() => steps(0, 3, 5));
        tg.spawn(() => steps(2));
      });
      expect(log).toEqual([0, 1, 2, 3, 4, 5]);
    }));

  it('opens the next step when the one before is disposed, and only once', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const sequence = new Sequencer();
        const zero = await sequence.at(0);
        const two = tg.spawn(() => sequence.at(2));
        const one = tg.spawn(() => sequence.at(1));
        await waitAllTasksBlocked();
        expect([one.settled, two.settled]).toEqual([false, false]);
        zero[Symbol.dispose]();
        zero[Symbol.dispose]();
        await waitAllTasksBlocked();
        expect([one.settled, two.settled]).toEqual([true, false]);
        (await one)[Symbol.dispose]();
        (await two)[Symbol.dispose]();
      }),
    ));

  it('goes on when a step fails', () =>
    virtually(async () => {
      const sequence = new Sequencer();
      expect(await failure(sequence.run(0, () => Promise.reject(new Error('boom'))))).toEqual(new Error('boom'));
      expect(await sequence.run(1, () => 'next')).toBe('next');
    }));

  it('is broken for all others when one who waits is cancelled (MC-09)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const sequence = new Sequencer();
        const scope = new CancelScope();
        const broken = 'BrokenResourceError OFFLOOP_BROKEN_RESOURCE: the sequence is broken: a task that waited for its step was cancelled';
        const cancelled = tg.spawn(() => scope.run(() => sequence.at(1)));
        const waiting = tg.spawn(() => refusal(() => sequence.at(2)));
        await waitAllTasksBlocked();
        scope.cancel();
        expect(await waiting).toBe(broken);
        await cancelled;
        expect(scope.cancelledCaught).toBe(true);
        expect(await refusal(() => sequence.at(0))).toBe(broken);
        expect(await refusal(() => sequence.at(3))).toBe(broken);
      }),
    ));

  it('is broken, too, by one who comes cancelled', () =>
    virtually(async () => {
      const sequence = new Sequencer();
      const scope = new CancelScope();
      scope.cancel();
      await scope.run(() => sequence.at(0));
      expect(scope.cancelledCaught).toBe(true);
      expect(await refusal(() => sequence.at(1))).toMatch(/^BrokenResourceError/);
    }));

  it('refuses a step twice, and what is no step', () =>
    virtually(async () => {
      const sequence = new Sequencer();
      await sequence.at(0);
      expect(await refusal(() => sequence.at(0))).toMatch(/^InvalidStateError .*Step 0 of the sequence was asked for before/);
      expect(await refusal(() => sequence.at(-1))).toMatch(/^RangeError .*Expected n/);
      expect(await refusal(() => sequence.run(1, null as never))).toMatch(/^TypeError .*Expected fn/);
    }));
});
