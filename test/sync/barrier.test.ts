import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { BrokenBarrierError, CancelledError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { gather } from '../../src/core/gather.ts';
import { sleep } from '../../src/core/sleep.ts';
import type { Task } from '../../src/core/task.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { Barrier } from '../../src/sync/barrier.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

const arrive = (barrier: Barrier, n: number): Task<number>[] => Array.from({ length: n }, () => background(() => barrier.wait()));

describe('a barrier', () => {
  const text = 'Expected parties to be a whole number from 1 up, got';
  const bad: [unknown, string][] = [
    [0, `RangeError OFFLOOP_OUT_OF_RANGE: ${text} 0 (number)`],
    [-4, `RangeError OFFLOOP_OUT_OF_RANGE: ${text} -4 (number)`],
    [1.5, `RangeError OFFLOOP_OUT_OF_RANGE: ${text} 1.5 (number)`],
    [Infinity, `RangeError OFFLOOP_OUT_OF_RANGE: ${text} Infinity (number)`],
    ['2', `TypeError OFFLOOP_INVALID_ARGUMENT: ${text} '2' (string)`],
    [undefined, `TypeError OFFLOOP_INVALID_ARGUMENT: ${text} undefined`],
  ];
  it.each(bad)('for %j parties is refused (BA-01)', async (parties, message) => {
    expect(await refusal(() => new Barrier(parties as number))).toBe(message);
  });

  it('lets nobody pass before all are there, then all, each with a place of its own', () =>
    virtually(async () => {
      const barrier = new Barrier(3);
      const tasks = arrive(barrier, 2);
      await waitAllTasksBlocked();
      expect([barrier.waiting, barrier.state, tasks.some((t) => t.settled)]).toEqual([2, 'filling', false]);
      const place = await barrier.wait();
      expectTypeOf(place).toEqualTypeOf<number>();
      expect([...(await Promise.all(tasks)), place]).toEqual([0, 1, 2]);
      expect([barrier.waiting, barrier.state, barrier.parties]).toEqual([0, 'filling', 3]);
    }));

  it('for one party is passed at once, again and again, with place 0 (BA-03)', () =>
    virtually(async () => {
      const barrier = new Barrier(1);
      for (let i = 0; i < 3; i++) expect(await barrier.wait()).toBe(0);
      expect(barrier.state).toBe('filling');
    }));

  it('for one party does not starve the loop', () =>
    virtually(async () => {
      const barrier = new Barrier(1);
      const loop = { turned: false };
      setImmediate(() => (loop.turned = true));
      for (let i = 0; i < 100_000 && !loop.turned; i++) await barrier.wait();
      expect(loop.turned).toBe(true);
    }));

  it('serves the same tasks round after round (BA-05)', () =>
    virtually(async () => {
      const barrier = new Barrier(3);
      const log: string[] = [];
      await gather(
        ['a', 'b', 'c'].map((name) => async () => {
          for (let round = 1; round <= 3; round++) {
            await barrier.wait();
            log.push(`${name}${round}`);
          }
        }),
      );
      expect(log.map((entry) => entry[1]).join('')).toBe('111222333');
      expect(barrier.statistics()).toEqual({ parties: 3, waiting: 0, state: 'filling' });
    }));

  it('whoever comes back while the others still leave waits until they have left (BA-07)', () =>
    virtually(async () => {
      const barrier = new Barrier(3);
      const states: string[] = [];
      const others = arrive(barrier, 2);
      await waitAllTasksBlocked();
      const eager = background(async () => {
        const passing = barrier.wait();
        const again = barrier.wait();
        states.push(barrier.state, `${barrier.waiting}`);
        return [await passing, await again];
      });
      await Promise.all(others);
      await waitAllTasksBlocked();
      expect([barrier.waiting, barrier.state]).toEqual([1, 'filling']);
      arrive(barrier, 2);
      expect([states, await eager]).toEqual([
        ['draining', '0'],
        [2, 0],
      ]);
    }));

  it('with more tasks than parties lets them through round by round', () =>
    virtually(async () => {
      const barrier = new Barrier(2);
      const tasks = arrive(barrier, 6);
      await Promise.all(tasks);
      expect(tasks.map((t) => t.result()).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 1, 1, 1]);
      expect(barrier.statistics()).toEqual({ parties: 2, waiting: 0, state: 'filling' });
    }));

  it('a cancelled party leaves as if it had not come, and places stay distinct', () =>
    virtually(async () => {
      const barrier = new Barrier(3);
      const [a, b] = arrive(barrier, 2) as [Task<number>, Task<number>];
      await waitAllTasksBlocked();
      a.cancel();
      expect(await failure(a)).toBeInstanceOf(CancelledError);
      expect([barrier.waiting, barrier.state]).toEqual([1, 'filling']);
      expect(await moveOnAfter(10, () => barrier.wait())).toBeUndefined();
      const c = background(() => barrier.wait());
      await waitAllTasksBlocked();
      expect([await barrier.wait(), await b, await c]).toEqual([2, 0, 1]);
    }));

  it('a party cancelled in the tick in which the last one arrives has passed; its next checkpoint throws', () =>
    virtually(async () => {
      const barrier = new Barrier(2);
      const log: number[] = [];
      const first = background(async () => {
        log.push(await barrier.wait());
        await checkpoint();
        log.push(-1);
      });
      await waitAllTasksBlocked();
      const last = barrier.wait();
      first.cancel();
      log.push(await last);
      await first.wait();
      expect([log.toSorted((a, b) => a - b), first.state]).toEqual([[0, 1], 'cancelled']);
      expect(barrier.statistics()).toEqual({ parties: 2, waiting: 0, state: 'filling' });
    }));

  it('one that waits outside and is cancelled does not come in', () =>
    virtually(async () => {
      const barrier = new Barrier(2);
      const first = background(() => barrier.wait());
      await waitAllTasksBlocked();
      const early = background(async () => {
        void barrier.wait();
        expect(barrier.state).toBe('draining');
        await barrier.wait();
      });
      await Promise.resolve();
      early.cancel();
      await first;
      await early.wait();
      expect([early.state, barrier.waiting, barrier.state]).toEqual(['cancelled', 0, 'filling']);
    }));

  it('in a cancelled scope is not entered', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        s.cancel();
        for (const barrier of [new Barrier(1), new Barrier(2)]) {
          expect(await failure(() => barrier.wait())).toBeInstanceOf(CancelledError);
          expect(barrier.waiting).toBe(0);
        }
      }),
    ));

  it('shows its state', () =>
    virtually(async () => {
      const barrier = new Barrier(2);
      const [task] = arrive(barrier, 1);
      await waitAllTasksBlocked();
      expect([String(barrier), Object.isFrozen(barrier.statistics())]).toEqual(['<Barrier filling, 1 of 2 waiting>', true]);
      barrier.abort();
      expect([String(barrier), barrier.statistics()]).toEqual([
        '<Barrier broken, 0 of 2 waiting>',
        { parties: 2, waiting: 0, state: 'broken' },
      ]);
      await failure(task!);
    }));
});

describe('reset', () => {
  it('throws out all who wait; then the barrier is usable (BA-09)', () =>
    virtually(async () => {
      const barrier = new Barrier(3);
      const tasks = arrive(barrier, 2);
      await waitAllTasksBlocked();
      barrier.reset();
      expect([barrier.state, barrier.waiting, barrier.broken]).toEqual(['resetting', 0, false]);
      for (const t of tasks) {
        expect(await refusal(() => t)).toBe('BrokenBarrierError OFFLOOP_BROKEN_BARRIER: the barrier was reset');
      }
      expect(barrier.state).toBe('filling');
      expect(await Promise.all(arrive(barrier, 3))).toEqual([0, 1, 2]);
    }));

  it('those thrown out can wait again, and pass (BA-11)', () =>
    virtually(async () => {
      const barrier = new Barrier(3);
      const log: string[] = [];
      const tasks = [1, 2].map(() =>
        background(async () => {
          await barrier.wait().catch((e: unknown) => log.push((e as Error).name));
          await barrier.wait();
          log.push('passed');
        }),
      );
      await waitAllTasksBlocked();
      barrier.reset();
      await Promise.all([...tasks, ...arrive(barrier, 1)]);
      expect(log).toEqual(['BrokenBarrierError', 'BrokenBarrierError', 'passed', 'passed']);
    }));

  it('with nobody there changes nothing', () =>
    virtually(async () => {
      const barrier = new Barrier(2);
      barrier.reset();
      expect(barrier.state).toBe('filling');
      expect(await Promise.all(arrive(barrier, 2))).toEqual([0, 1]);
    }));

  it('by the last one to leave a round does not touch those who are back already', () =>
    virtually(async () => {
      const barrier = new Barrier(3);
      let count = 0;
      let thrownOut = 0;
      await gather(
        [1, 2, 3].map(() => async () => {
          await barrier.wait();
          if (++count === 3) barrier.reset();
          await barrier.wait().catch(() => thrownOut++);
          await barrier.wait();
        }),
      );
      expect([thrownOut, barrier.state, barrier.waiting]).toEqual([0, 'filling', 0]);
    }));

  it('while a round leaves lets it leave: whoever was let go has passed', () =>
    virtually(async () => {
      const barrier = new Barrier(2);
      const [first] = arrive(barrier, 1);
      await waitAllTasksBlocked();
      const last = barrier.wait();
      expect(barrier.state).toBe('draining');
      barrier.reset();
      expect(barrier.state).toBe('resetting');
      expect([await first, await last, barrier.state]).toEqual([0, 1, 'filling']);
    }));

  it('twice in one tick, and after an abort, mends the barrier', () =>
    virtually(async () => {
      const barrier = new Barrier(2);
      const [first] = arrive(barrier, 1);
      await waitAllTasksBlocked();
      barrier.abort();
      barrier.reset();
      barrier.reset();
      expect([barrier.broken, barrier.state]).toEqual([false, 'resetting']);
      const round = arrive(barrier, 2);
      expect(await refusal(() => first)).toBe('BrokenBarrierError OFFLOOP_BROKEN_BARRIER: the barrier was aborted');
      expect(await Promise.all(round)).toEqual([0, 1]);
    }));

  it('in the tick in which a party was cancelled: that one is cancelled, the others are thrown out', () =>
    virtually(async () => {
      const barrier = new Barrier(3);
      const [a, b] = arrive(barrier, 2) as [Task<number>, Task<number>];
      await waitAllTasksBlocked();
      a.cancel();
      barrier.reset();
      expect(await failure(a)).toBeInstanceOf(CancelledError);
      expect(await failure(b)).toBeInstanceOf(BrokenBarrierError);
      expect([barrier.state, await Promise.all(arrive(barrier, 3))]).toEqual(['filling', [0, 1, 2]]);
    }));
});

describe('abort', () => {
  it('breaks the barrier: those who wait and those who come throw (BA-13)', () =>
    virtually(async () => {
      const barrier = new Barrier(3);
      const tasks = arrive(barrier, 2);
      await waitAllTasksBlocked();
      barrier.abort();
      expect([barrier.broken, barrier.state, barrier.waiting]).toEqual([true, 'broken', 0]);
      for (const t of tasks) expect(await failure(t)).toBeInstanceOf(BrokenBarrierError);
      expect(await refusal(() => barrier.wait())).toBe('BrokenBarrierError OFFLOOP_BROKEN_BARRIER: the barrier is broken');
      barrier.abort();
      barrier.reset();
      expect(await Promise.all(arrive(barrier, 3))).toEqual([0, 1, 2]);
    }));

  it('by a party that fails makes the others throw (BA-15)', () =>
    virtually(async () => {
      const barrier = new Barrier(3);
      const log: string[] = [];
      await gather(
        [1, 2, 3].map((n) => async () => {
          try {
            if (n === 3) throw new Error('boom');
            await barrier.wait();
          } catch (error) {
            log.push((error as Error).name);
            barrier.abort();
          }
        }),
      );
      expect([log, barrier.broken]).toEqual([['Error', 'BrokenBarrierError', 'BrokenBarrierError'], true]);
    }));

  it('while a round leaves: those let go have passed, those outside throw', () =>
    virtually(async () => {
      const barrier = new Barrier(2);
      const [first] = arrive(barrier, 1);
      await waitAllTasksBlocked();
      const last = barrier.wait();
      const outside = barrier.wait();
      barrier.abort();
      expect([await first, await last]).toEqual([0, 1]);
      expect(await failure(outside)).toBeInstanceOf(BrokenBarrierError);
      expect(barrier.state).toBe('broken');
    }));
});

it('whatever arrives, is cancelled, reset and aborted: rounds are whole, places distinct, and nobody is left', async () => {
  const actor = fc.record({
    begin: fc.nat({ max: 20 }),
    rounds: fc.integer({ min: 1, max: 3 }),
    limit: fc.option(fc.nat({ max: 15 })),
    cancelAt: fc.option(fc.nat({ max: 30 })),
  });
  const strike = fc.record({ at: fc.nat({ max: 25 }), how: fc.constantFrom('reset', 'abort', 'both') });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(actor, { maxLength: 10 }), fc.array(strike, { maxLength: 3 }), (parties, actors, strikes) =>
      virtually(async () => {
        const barrier = new Barrier(parties);
        const places: number[] = [];
        await withTaskGroup(async (tg) => {
          const tasks = actors.map((a) => {
            const task = tg.spawn(async () => {
              await sleep(a.begin);
              for (let i = 0; i < a.rounds; i++) {
                try {
                  await moveOnAfter(a.limit, () => barrier.wait().then((place) => places.push(place)));
                } catch (error) {
                  if (!(error instanceof BrokenBarrierError)) throw error;
                }
              }
            });
            const { cancelAt } = a;
            if (cancelAt !== null) tg.spawn(() => sleep(cancelAt).then(() => void task.cancel()));
            return task;
          });
          for (const { at, how } of strikes) {
            tg.spawn(async () => {
              await sleep(at);
              if (how !== 'reset') barrier.abort();
              if (how !== 'abort') barrier.reset();
            });
          }
          await sleep(1000);
          // Whoever is still there waits for parties that will not come: fewer than a round.
          expect(barrier.waiting).toBeLessThan(parties);
          expect(tasks.filter((t) => !t.settled).length).toBe(barrier.waiting);
          for (const t of tasks) t.cancel();
        });
        // Every place was given equally often: no round was let go half full.
        const counts = Array.from({ length: parties }, (_, place) => places.filter((p) => p === place).length);
        expect(new Set(counts).size).toBe(1);
        expect(barrier.waiting).toBe(0);
        barrier.reset();
        expect(await Promise.all(arrive(barrier, parties))).toHaveLength(parties);
      }),
    ),
    { numRuns: 200 },
  );
}); // prettier-ignore
