import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { Runtime } from '../../src/core/runtime.ts';
import { ambient, Scope } from '../../src/core/scope.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { AsyncEvent } from '../../src/sync/event.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, turns, virtually } from '../support/virtual.ts';

describe('an event', () => {
  it('wakes all who wait when it is set, in order; a late caller returns at once (EV-01)', () =>
    virtually(async () => {
      const event = new AsyncEvent();
      const log: string[] = [];
      const waiters = ['a', 'b', 'c'].map((name) => background(() => event.wait().then((value) => log.push(`${name} ${value}`))));
      await waitAllTasksBlocked();
      expect([log, event.isSet]).toEqual([[], false]);
      event.set();
      expect([log, event.isSet, event.waiting]).toEqual([[], true, 0]);
      await Promise.all(waiters);
      expect(log).toEqual(['a true', 'b true', 'c true']);
      const value = await event.wait();
      expectTypeOf(value).toEqualTypeOf<true>();
      expect(value).toBe(true);
    }));

  it('forgets a waiter that was cancelled or timed out (EV-03)', () =>
    virtually(async () => {
      const event = new AsyncEvent();
      const waiter = background(() => event.wait());
      expect(await moveOnAfter(10, () => event.wait())).toBeUndefined();
      expect(event.waiting).toBe(1);
      waiter.cancel();
      expect([await failure(waiter), event.waiting]).toEqual([expect.any(CancelledError), 0]);
      event.set();
    }));

  it('set, then the waiter cancelled in the same tick: it was woken; its next checkpoint throws (EV-05)', () =>
    virtually(async () => {
      const event = new AsyncEvent();
      const log: string[] = [];
      const waiter = background(async () => {
        log.push(`woken ${await event.wait()}`);
        await checkpoint();
        log.push('never');
      });
      await waitAllTasksBlocked();
      event.set();
      waiter.cancel();
      await waiter.wait();
      expect([log, waiter.state]).toEqual([['woken true'], 'cancelled']);
    }));

  it('the waiter cancelled, then set in the same tick: it was not woken', () =>
    virtually(async () => {
      const event = new AsyncEvent();
      const waiter = background(() => event.wait());
      await waitAllTasksBlocked();
      waiter.cancel();
      event.set();
      expect(await failure(waiter)).toBeInstanceOf(CancelledError);
    }));

  it('counts those who wait, and shows its state (EV-07)', () =>
    virtually(async () => {
      const event = new AsyncEvent();
      const waiters = [1, 2].map(() => background(() => event.wait()));
      await waitAllTasksBlocked();
      expect([event.statistics(), String(event)]).toEqual([{ isSet: false, waiting: 2 }, '<AsyncEvent unset, 2 waiting>']);
      event.set();
      expect([event.statistics(), String(event)]).toEqual([{ isSet: true, waiting: 0 }, '<AsyncEvent set, 0 waiting>']);
      expect(Object.isFrozen(event.statistics())).toBe(true);
      await Promise.all(waiters);
    }));

  it('cleared after it was set: whoever was woken stays woken, whoever comes now waits', () =>
    virtually(async () => {
      const event = new AsyncEvent();
      const waiter = background(() => event.wait());
      await waitAllTasksBlocked();
      event.set();
      event.clear();
      expect(await waiter).toBe(true);
      expect(await moveOnAfter(5, () => event.wait(), { fallback: 'waits' })).toBe('waits');
      event.set();
      event.set();
      event.clear();
      event.clear();
      expect(event.isSet).toBe(false);
    }));

  it('a waiter that waits again at once after a clear is not woken twice', () =>
    virtually(async () => {
      const event = new AsyncEvent();
      let woken = 0;
      const waiter = background(async () => {
        for (;;) {
          await event.wait();
          event.clear();
          woken++;
        }
      });
      for (let i = 1; i <= 3; i++) {
        await waitAllTasksBlocked();
        event.set();
        await waitAllTasksBlocked();
        expect([woken, event.waiting]).toEqual([i, 1]);
      }
      waiter.cancel();
    }));

  it('in a cancelled scope is not waited for, though it is set', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        const event = new AsyncEvent();
        event.set();
        s.cancel();
        expect(await failure(() => event.wait())).toBeInstanceOf(CancelledError);
      }),
    ));

  it('that is set does not starve the loop when waited for in a tight loop', () =>
    virtually(async () => {
      const event = new AsyncEvent();
      event.set();
      const loop = { turned: false };
      setImmediate(() => (loop.turned = true));
      for (let i = 0; i < 100_000 && !loop.turned; i++) await event.wait();
      expect(loop.turned).toBe(true);
    }));
});

it('whatever is waited for, set, cleared and cancelled, nobody misses a wake-up and nobody is woken twice', async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('wait', 'settle') },
    { weight: 2, arbitrary: fc.constantFrom('set', 'clear') },
    { weight: 3, arbitrary: fc.nat({ max: 30 }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 100 }), async (steps) => {
      const event = new AsyncEvent();
      const runtime = new Runtime();
      const scopes: Scope[] = [];
      const model: string[] = [];
      const seen: string[] = [];
      const order: number[] = [];
      const settle = (id: number, outcome: string): void => {
        model[id] = outcome;
      };
      for (const s of steps) {
        if (s === 'wait') {
          const id = scopes.length;
          const scope = new Scope(null, runtime);
          scopes.push(scope);
          seen.push('waiting');
          model.push(event.isSet ? 'woken' : 'waiting');
          ambient.run(scope, () => event.wait()).then(
            () => ((seen[id] = 'woken'), order.push(id)),
            () => (seen[id] = 'cancelled'),
          );
        } else if (s === 'set') {
          event.set();
          model.forEach((outcome, id) => outcome === 'waiting' && settle(id, 'woken'));
        } else if (s === 'clear') event.clear();
        else if (s === 'settle') await turns(1);
        else if (typeof s === 'number' && s < scopes.length) {
          scopes[s]!.cancelWith(new CancelledError());
          if (model[s] === 'waiting') settle(s, 'cancelled');
        }
        expect(event.waiting).toBe(model.filter((m) => m === 'waiting').length);
      }
      await turns(2);
      expect(seen).toEqual(model);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    }),
    { numRuns: 200 },
  );
}); // prettier-ignore
