import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { background } from '../../src/core/background.ts';
import { callAt, callLater, callSoon } from '../../src/core/callbacks.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { now, sleep } from '../../src/core/sleep.ts';
import { currentTask } from '../../src/core/task.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { refusal, turns, virtually } from '../support/virtual.ts';

describe('callSoon', () => {
  it('calls once, with its arguments, never inside the call (LO-01)', () =>
    virtually(async () => {
      const log: unknown[] = [];
      const handle = callSoon((a: string, b: number) => void log.push(a, b), 'hello', 5);
      expect([log, handle.when, handle.cancelled]).toEqual([[], null, false]);
      await turns(3);
      expect(log).toEqual(['hello', 5]);
    }));

  it('calls in order of scheduling, also among sleep(0) and checkpoint() (TA-17)', () =>
    virtually(async () => {
      const log: string[] = [];
      callSoon(() => log.push('a'));
      const sleeper = sleep(0).then(() => log.push('slept'));
      callSoon(() => log.push('b'));
      const passer = checkpoint().then(() => log.push('passed'));
      callSoon(() => log.push('c'));
      await Promise.all([sleeper, passer]);
      await turns(1);
      expect(log).toEqual(['a', 'slept', 'b', 'passed', 'c']);
    }));

  it('what a callback schedules has its turn later, so that timers and I/O are not starved', () =>
    virtually(async () => {
      const log: string[] = [];
      const again = (n: number): void => {
        log.push(`turn ${n}`);
        if (n < 3) callSoon(again, n + 1);
      };
      callSoon(again, 1);
      callSoon(() => log.push('other'));
      await turns(5);
      expect(log).toEqual(['turn 1', 'other', 'turn 2', 'turn 3']);
    }));

  it('comes before a virtual clock jumps, and takes no virtual time', () =>
    virtually(async () => {
      const log: unknown[] = [];
      callLater(10, () => log.push(now()));
      callSoon(() => callSoon(() => log.push(now())));
      await sleep(20);
      expect(log).toEqual([0, 10]);
    }));
});

describe('callLater and callAt', () => {
  it('call once the time has come, with arguments (LO-03)', () =>
    virtually(async () => {
      const log: unknown[] = [];
      await sleep(5);
      const later = callLater(10, (...a: number[]) => void log.push(...a, now()), 1, 2);
      const at = callAt(40, (text: string) => void log.push(text, now()), 'at');
      expect([later.when, at.when]).toEqual([15, 40]);
      await sleep(100);
      expect(log).toEqual([1, 2, 15, 'at', 40]);
    }));

  it('call at equal times in order of scheduling, whichever of them was used', () =>
    virtually(async () => {
      const log: string[] = [];
      callAt(10, () => log.push('a'));
      callLater(10, () => log.push('b'));
      const sleeper = sleep(10).then(() => log.push('slept'));
      callAt(5, () => callLater(5, () => log.push('c')));
      await sleeper;
      await sleep(1);
      expect(log.filter((l) => l !== 'slept')).toEqual(['a', 'b', 'c']);
    }));

  it.each([0, -5, -Infinity])('%d milliseconds is as soon as the clock ticks, not at once', (ms) =>
    virtually(async () => {
      const log: unknown[] = [];
      callLater(ms, () => log.push(now()));
      expect(log).toEqual([]);
      await sleep(1);
      expect(log).toEqual([0]);
    }),
  );

  it('count delays above 2^31-1 to the end; Infinity is never (LO-13)', () =>
    virtually(async () => {
      const log: unknown[] = [];
      const never = callLater(Infinity, () => log.push('never'));
      callLater(2 ** 33 + 1, () => log.push(now()));
      await sleep(2 ** 34);
      never.cancel();
      expect([log, never.cancelled]).toEqual([[2 ** 33 + 1], true]);
    }));

  it('call in order of time and scheduling, less those that were cancelled, over random plans', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.integer({ min: -2, max: 8 }), cancelAt: fc.option(fc.integer({ min: -2, max: 8 })) })),
        (plan) =>
          virtually(async () => {
            const log: number[] = [];
            plan.forEach(({ at, cancelAt }, i) => {
              const handle = callLater(at, () => void log.push(i));
              if (cancelAt !== null) callAt(cancelAt, () => handle.cancel());
            });
            await sleep(10);
            const order = plan.map(({ at }, i) => ({ at, i })).toSorted((a, b) => a.at - b.at || a.i - b.i);
            const kept = order.filter(({ at, i }) => (plan[i]!.cancelAt ?? Infinity) >= at);
            expect(log).toEqual(kept.map(({ i }) => i));
          }),
      ),
      { numRuns: 50 },
    ));
});

describe('a handle', () => {
  it('cancels the call, by dispose too; twice is once', () =>
    virtually(async () => {
      const log: string[] = [];
      const handles = [callSoon(() => log.push('soon')), callLater(1, () => log.push('later')), callAt(1, () => log.push('at'))];
      for (const h of handles) h.cancel();
      for (const h of handles) h[Symbol.dispose]();
      await sleep(10);
      expect([log, handles.map((h) => h.cancelled)]).toEqual([[], [true, true, true]]);
    }));

  it('cancelled by another callback of the same turn or time is not called', () =>
    virtually(async () => {
      const log: string[] = [];
      callSoon(() => soon.cancel());
      const soon = callSoon(() => log.push('soon'));
      callAt(5, () => at.cancel());
      const at = callAt(5, () => log.push('at'));
      await sleep(10);
      expect(log).toEqual([]);
    }));

  it('does nothing once the call has begun', () =>
    virtually(async () => {
      const handle = callSoon(() => handle.cancel());
      await turns(2);
      handle.cancel();
      expect(handle.cancelled).toBe(false);
    }));

  it('shows the name, the time and whether it was cancelled (LO-11)', () =>
    virtually(() => {
      const named = callLater(25, function refresh() {});
      expect([String(named), String(callSoon(() => {})), inspect(named)]).toEqual([
        '<Handle refresh when=25>', '<Handle <anonymous>>', '<Handle refresh when=25>']); // prettier-ignore
      named.cancel();
      expect(String(named)).toBe('<Handle refresh when=25 cancelled>');
    }));

  it('can be unreferenced and referenced again on any clock, also when the call is over', () =>
    virtually(async () => {
      let calls = 0;
      const handles = [callSoon(() => calls++), callLater(1, () => calls++)];
      for (const h of handles) expect(h.unref().ref().unref()).toBe(h);
      await sleep(5);
      for (const h of handles) h.ref().unref();
      expect(calls).toBe(2);
    }));
});

describe('the context of a callback', () => {
  it('is that of scheduling, for its error handler too (LO-09)', () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const note = (): void => void seen.push([storage.getStore(), currentTask()?.name]);
    const broken = (): never => {
      note();
      throw new Error('broken');
    };
    const main = async (): Promise<void> => {
      for (const schedule of [callSoon, (fn: () => void) => callLater(5, fn)]) {
        await background(() => storage.run('scheduler', () => void schedule(broken)), { name: 'task' });
      }
      await sleep(10);
      expect(seen).toEqual(Array.from({ length: 4 }, () => ['scheduler', 'task']));
    };
    return virtually(main, { exceptionHandler: note });
  });

  it('may be a scope that was cancelled or left since: it is called all the same', () =>
    virtually(async () => {
      const log: string[] = [];
      await new CancelScope().run((s) => {
        callLater(5, () => log.push('called'));
        s.cancel();
      });
      await sleep(10);
      expect(log).toEqual(['called']);
    }));
});

it('an error goes to the exception handler, once, and the other callbacks go on (DB-01)', () =>
  virtually(async ({ reports }) => {
    const boom = new Error('boom');
    const log: string[] = [];
    const handle = callSoon(function breaks() { throw boom; }); // prettier-ignore
    callSoon(() => log.push('soon'));
    callLater(5, () => { throw boom; }); // prettier-ignore
    callLater(5, () => log.push('later'));
    callSoon((() => Promise.reject(boom)) as () => void); // an async function, as far as types are not looked at
    await sleep(10);
    expect(log).toEqual(['soon', 'later']);
    expect(reports[0]).toEqual({ message: 'Exception in callback breaks', error: boom, handle });
    expect(reports.map((r) => r.message)).toEqual([
      'Exception in callback breaks',
      ...Array.from({ length: 2 }, () => 'Exception in callback <anonymous>'),
    ]);
  }));

it('refuses what is not a function, and a time that is none (LO-05, LO-07)', () =>
  virtually(async () => {
    const fn = (): void => expect.fail('called');
    expect(await refusal(() => callSoon('fn' as never))).toBe(
      "TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 'fn' (string)",
    );
    expect(await refusal(() => callLater(1, {} as never))).toMatch('Expected fn to be a function, got {} (object)');
    expect(await refusal(() => callAt(1, undefined as never))).toMatch('Expected fn to be a function, got undefined');
    expect(await refusal(() => callAt(null as never, fn))).toMatch(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected when to be a point in time',
    );
    expect(await refusal(() => callLater(null as never, fn))).toMatch('TypeError OFFLOOP_INVALID_ARGUMENT: Expected ms');
    expect(await refusal(() => callLater(NaN, fn))).toMatch('RangeError OFFLOOP_OUT_OF_RANGE: Expected ms');
    expect(await refusal(() => callAt(NaN, fn))).toMatch('RangeError OFFLOOP_OUT_OF_RANGE: Expected when');
    await waitAllTasksBlocked();
  }));
