import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { Deferred } from '../../src/core/deferred.ts';
import { race } from '../../src/core/race.ts';
import { here } from '../../src/core/scope.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { currentTask } from '../../src/core/task.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

const failAfter = async (ms: number, text: string): Promise<never> => {
  await sleep(ms);
  throw new Error(text);
};

describe('race', () => {
  it('gives the value of the first to settle', () =>
    virtually(async () => {
      const value = await race([() => sleep(20, 'slow'), () => sleep(10, 7)]);
      expectTypeOf(value).toEqualTypeOf<string | number>();
      expect([value, now()]).toEqual([7, 10]);
    }));

  it('throws the error of the first to settle', () =>
    virtually(async ({ reports }) => {
      expect(await failure(() => race([() => sleep(20), () => failAfter(10, 'boom')]))).toMatchObject({ message: 'boom' });
      expect(reports).toEqual([]);
    }));

  it('cancels the functions among the losers, and waits for their cleanup', () =>
    virtually(async () => {
      const log: unknown[] = [];
      const loser = async (): Promise<void> => {
        try {
          await sleepForever();
        } catch (error) {
          log.push((error as CancelledError).source);
          await shield(() => sleep(30));
          log.push('cleaned up');
        }
      };
      expect([await race([loser, () => sleep(10, 'winner')]), now(), log]).toEqual(['winner', 40, ['sibling', 'cleaned up']]);
    }));

  it('leaves given tasks running, and forgets given promises with their late errors', () =>
    virtually(async () => {
      const task = background(() => sleep(50, 'task'));
      let reject: (e: Error) => void = () => {};
      const promise = new Promise<never>((_, r) => (reject = r));
      expect(await race([task, promise, () => sleep(10, 'function')])).toBe('function');
      reject(new Error('late'));
      await turns(3);
      expect([task.state, await task]).toEqual(['running', 'task']);
    }));

  it('reports the error that a loser throws while it stops', () =>
    virtually(async ({ reports }) => {
      const loser = async function badLoser(): Promise<void> {
        await sleepForever().catch(() => {});
        throw new Error('unwinding');
      };
      expect(await race([loser, () => sleep(10, 'winner')])).toBe('winner');
      expect(reports.map((r) => [r.message, (r.error as Error).message, r.task?.name])).toEqual([
        ['Another error in race', 'unwinding', 'badLoser'],
      ]);
    }));

  it('reports the error of a promise that settles together with the winner', () =>
    virtually(async ({ reports }) => {
      const both = [Promise.reject(new Error('first')), Promise.reject(new Error('second'))];
      expect(await failure(() => race(both))).toMatchObject({ message: 'first' });
      expect(reports.map((r) => (r.error as Error).message)).toEqual(['second']);
    }));

  it('is won by a task that has settled before, the first in order', () =>
    virtually(async () => {
      const a = background(() => 'a');
      const b = background(() => 'b');
      await Promise.all([a, b]);
      expect(await race([() => 'function', b, a])).toBe('b');
    }));

  it('awaits the same task or promise twice without harm', () =>
    virtually(async () => {
      const task = background(() => sleep(10, 'once'));
      expect(await race([task, task])).toBe('once');
      const promise = Promise.resolve('promise');
      expect(await race([promise, promise])).toBe('promise');
    }));

  it('lost to a task that was cancelled elsewhere rejects with CancelledError; the caller goes on', () =>
    virtually(async () => {
      const task = background(() => sleepForever());
      background(() => sleep(5).then(() => task.cancel('elsewhere')));
      expect(await failure(() => race([task, () => sleep(10)]))).toMatchObject({ reason: 'elsewhere' });
      await checkpoint();
    }));

  it('starts functions in order, one microtask later, each in a task of its own', () =>
    virtually(async () => {
      const log: unknown[] = [];
      const racing = race([() => log.push(currentTask()?.name), async function second() { log.push(currentTask()?.name); }]); // prettier-ignore
      log.push('called');
      await racing;
      expect(log).toEqual(['called', expect.stringMatching(/^Task-/), 'second']);
    }));
});

describe('when the caller of race is cancelled', () => {
  it('all functions are cancelled and joined, tasks are left', () =>
    virtually(async () => {
      const task = background(() => sleep(100));
      let cleaned = 0;
      const work = async (): Promise<void> => {
        try {
          await sleepForever();
        } finally {
          await shield(() => sleep(20));
          cleaned++;
        }
      };
      await moveOnAfter(10, () => race([work, task, work]));
      expect([cleaned, now(), task.state]).toEqual([2, 30, 'running']);
      await task;
    }));

  it('an error of the cleanup comes out, further ones are reported', () =>
    virtually(async ({ reports }) => {
      const work = (text: string) => async (): Promise<void> => {
        await sleepForever().catch(() => {});
        throw new Error(text);
      };
      expect(await failure(() => moveOnAfter(10, () => race([work('a'), work('b')])))).toMatchObject({ message: 'a' });
      expect(reports.map((r) => (r.error as Error).message)).toEqual(['b']);
    }));

  it('what returned a value in spite of it does not win', () =>
    virtually(async () => {
      const outcome = await moveOnAfter(10, () => race([() => sleepForever().catch(() => 'swallowed')]), { fallback: 'cancelled' });
      expect(outcome).toBe('cancelled');
    }));

  it('in the tick of the win, or while losers clean up, the value counts and the next checkpoint throws', () =>
    virtually(async () => {
      const gate = new Deferred<string>();
      const given = background(async () => await gate);
      const values: unknown[] = [];
      const racer = background(async () => {
        values.push(await race([given, () => shield(() => sleep(20))]));
        await checkpoint();
      });
      await waitAllTasksBlocked();
      given.onSettled(() => racer.cancel());
      gate.resolve('won');
      await racer.wait();
      const second = background(async () => {
        values.push(await race([() => sleep(5, 'won'), () => shield(() => sleep(20))]));
        await checkpoint();
      });
      await sleep(10);
      second.cancel();
      await second.wait();
      expect([values, racer.state, second.state]).toEqual([['won', 'won'], 'cancelled', 'cancelled']);
    }));

  it('before the call, nothing is started and promises are handled', () =>
    virtually(async () => {
      let ran = false;
      await new CancelScope().run(async (s) => {
        s.cancel();
        expect(await failure(() => race([Promise.reject(new Error('early')), () => (ran = true)]))).toBeInstanceOf(CancelledError);
      });
      await turns(3);
      expect(ran).toBe(false);
    }));
});

it('refuses no sources, and what is no source, before anything is started', () =>
  virtually(async () => {
    let ran = false;
    expect(await refusal(() => race([]))).toMatch('RangeError OFFLOOP_OUT_OF_RANGE: Expected src to be at least one source');
    expect(await refusal(() => race([() => (ran = true), 5 as never]))).toMatch('TypeError OFFLOOP_INVALID_ARGUMENT: Expected src[1]');
    expect(await refusal(() => race(background(() => 1) as never))).toMatch(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected src to be an iterable',
    );
    expect(await refusal(() => race([() => (ran = true), currentTask() as never]))).toMatch('cannot await itself');
    expect(ran).toBe(false);
  }));

it('has the first outcome, leaves nothing running and nobody waiting, over random orders and cancellations', async () => {
  const source = fc.record({
    at: fc.integer({ min: 0, max: 20 }),
    cleanup: fc.integer({ min: 0, max: 10 }),
    how: fc.constantFrom('value', 'error'),
    kind: fc.constantFrom('function', 'task', 'promise'),
  });
  const cancel = fc.option(fc.integer({ min: 0, max: 25 }).map((n) => n + 0.5));
  await fc.assert(
    fc.asyncProperty(fc.array(source, { minLength: 1, maxLength: 6 }), cancel, (plan, cancelAt) =>
      virtually(async ({ task: main, reports }) => {
        let running = 0;
        const work = async ({ at, cleanup, how }: (typeof plan)[number], i: number): Promise<number> => {
          running++;
          try {
            await sleep(at);
            if (how === 'error') throw i;
            return i;
          } finally {
            if (cleanup > 0) await shield(() => sleep(cleanup));
            running--;
          }
        };
        const others: PromiseLike<unknown>[] = [];
        const sources = plan.map((p, i) => {
          if (p.kind === 'function') return () => work(p, i);
          const task = background(() => work(p, i));
          others.push(task);
          return p.kind === 'task' ? task : Promise.resolve(task);
        });
        const foreign = (): number => plan.filter(({ kind }) => kind !== 'function').length;
        const outcome = await moveOnAfter(cancelAt, () => race(sources).then((v) => ({ v }), (e: unknown) => (e instanceof CancelledError ? Promise.reject(e) : { v: e as number }))); // prettier-ignore
        expect(running).toBeLessThanOrEqual(foreign());
        const end = (i: number): number => plan[i]!.at + plan[i]!.cleanup;
        const first = Math.min(...plan.map((_, i) => end(i)));
        const interrupted = cancelAt !== null && cancelAt < first;
        if (!interrupted) expect(end(outcome!.v)).toBe(first);
        else if (outcome !== undefined) expect(plan[outcome.v]).toMatchObject({ how: 'error', kind: 'function' }); // thrown while it stopped
        await Promise.allSettled(others);
        await turns(3);
        expect([running, here().first, currentTask()]).toEqual([0, null, main]);
        expect(reports.every((r) => r.message !== 'Exception in callback')).toBe(true);
      }),
    ),
    { numRuns: 60 },
  );
});
