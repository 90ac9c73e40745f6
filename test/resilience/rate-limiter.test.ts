import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CancelledError, TimeoutError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { run } from '../../src/core/run.ts';
import { now, sleep, sleepUntil } from '../../src/core/sleep.ts';
import type { Task } from '../../src/core/task.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, timeout } from '../../src/core/timeout.ts';
import { RateLimiter } from '../../src/resilience/rate-limiter.ts';
import type { RateLimiterOptions } from '../../src/resilience/rate-limiter.ts';
import { MockClock } from '../../src/testing/mock-clock.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

/** Starts an acquire for each weight, in order; resolves with when each was admitted. */
function admissions(limiter: RateLimiter, weights: readonly number[]): Promise<number[]> {
  const times: number[] = [];
  return withTaskGroup(async (tg) => {
    for (const [i, weight] of weights.entries()) tg.spawn(() => limiter.acquire(weight).then(() => (times[i] = now())));
    return times;
  }).then(() => times);
}
const ones = (n: number): number[] => new Array<number>(n).fill(1);
const algorithms = ['token-bucket', 'sliding-window'] as const;

describe('a token bucket', () => {
  it('lets a burst of the rate through at once, then an even stream', () =>
    virtually(async () => {
      expect(await admissions(new RateLimiter({ rate: 4 }), ones(8))).toEqual([0, 0, 0, 0, 250, 500, 750, 1000]);
    }));

  it('with a burst of its own, another period, and less than one a period', () =>
    virtually(async () => {
      expect(await admissions(new RateLimiter({ rate: 4, burst: 1 }), ones(3))).toEqual([0, 250, 500]);
      const begun = now();
      expect(await admissions(new RateLimiter({ rate: 0.5, per: 10 }), ones(3))).toEqual([0, 20, 40].map((t) => t + begun));
    }));

  it('saves up no more than its burst in a rest', () =>
    virtually(async () => {
      const limiter = new RateLimiter({ rate: 2 });
      await limiter.acquire(2);
      await sleep(60_000);
      expect(limiter.statistics()).toEqual({ available: 2, waiting: 0 });
      expect(await admissions(limiter, ones(3))).toEqual([60_000, 60_000, 60_500]);
    }));

  it('does not drift over hours', () =>
    virtually(async () => {
      const limiter = new RateLimiter({ rate: 3, per: 1000 });
      for (let i = 0; i < 3000; i++) await limiter.acquire();
      expect(now()).toBe((2997 * 1000) / 3);
    }));
});

describe('a sliding window', () => {
  it('admits up to the rate in any such window, not twice as much around a border', () =>
    virtually(async () => {
      const limiter = new RateLimiter({ rate: 2, per: 100, algorithm: 'sliding-window' });
      await sleep(95);
      expect(await admissions(limiter, ones(5))).toEqual([95, 95, 195, 195, 295]);
    }));

  it('counts from each admission, so what came late leaves late', () =>
    virtually(async () => {
      const limiter = new RateLimiter({ rate: 2, per: 100, algorithm: 'sliding-window' });
      await limiter.acquire();
      await sleep(60);
      await limiter.acquire();
      expect(await admissions(limiter, [1, 2])).toEqual([100, 200]);
    }));
});

describe.each(algorithms)('with a %s', (algorithm) => {
  it('the heavy are not passed by the light that came later', () =>
    virtually(async () => {
      const limiter = new RateLimiter({ rate: 4, algorithm });
      const times = await admissions(limiter, [3, 4, 1, 1]);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times[1]).toBeGreaterThan(0);
    }));

  it('tryAcquire takes what is there, does not wait, and passes nobody', () =>
    virtually(async () => {
      const limiter = new RateLimiter({ rate: 4, algorithm });
      expect([limiter.tryAcquire(3), limiter.tryAcquire(2), limiter.tryAcquire()]).toEqual([true, false, true]);
      expect([limiter.tryAcquire(), limiter.statistics()]).toEqual([false, { available: 0, waiting: 0 }]);
      await sleep(5000);
      await limiter.acquire(2);
      const heavy = background(() => limiter.acquire(4));
      await waitAllTasksBlocked();
      expect([limiter.tryAcquire(), limiter.statistics()]).toEqual([false, { available: 2, waiting: 1 }]);
      await heavy;
    }));

  it('a weight that can never be admitted is refused at once, also in a pause', () =>
    virtually(async () => {
      const limiter = new RateLimiter({ rate: 4, algorithm });
      limiter.pauseUntil(1000);
      const text = 'RangeError OFFLOOP_OUT_OF_RANGE: Expected weight to be a whole number from 1 to 4, got';
      for (const weight of [5, 0, -1, 1.5, NaN, Infinity]) {
        expect(await refusal(() => limiter.acquire(weight))).toBe(`${text} ${weight} (number)`);
        expect(await refusal(() => limiter.tryAcquire(weight))).toBe(`${text} ${weight} (number)`);
      }
      expect(await refusal(() => limiter.acquire('1' as never))).toMatch(/^TypeError OFFLOOP_INVALID_ARGUMENT: Expected weight /);
      expect(limiter.statistics().waiting).toBe(0);
    }));

  it('a pause holds for those who wait already and for those who come; then all goes on in order', () =>
    virtually(async () => {
      const limiter = new RateLimiter({ rate: 1, per: 100, algorithm });
      const log: string[] = [];
      const acquire = (name: string): Task<unknown> => background(() => limiter.acquire().then(() => log.push(`${name} ${now()}`)));
      const tasks = [acquire('first'), acquire('second')];
      await sleep(50);
      limiter.pauseUntil(1000);
      expect([limiter.tryAcquire(), limiter.statistics().available]).toEqual([false, 0]);
      await sleep(500);
      tasks.push(acquire('third'));
      await Promise.all(tasks);
      expect(log).toEqual(['first 0', 'second 1000', 'third 1100']);
    }));

  it('a pause is never shortened, and one in the past is none', () =>
    virtually(async () => {
      const limiter = new RateLimiter({ rate: 5, algorithm });
      limiter.pauseUntil(800);
      limiter.pauseUntil(300);
      limiter.pauseUntil(-5);
      await limiter.acquire();
      expect(now()).toBe(800);
      limiter.pauseUntil(700);
      expect(limiter.tryAcquire()).toBe(true);
    }));

  it('whoever is cancelled or times out has taken nothing, and the next moves up', () =>
    virtually(async () => {
      const limiter = new RateLimiter({ rate: 4, algorithm });
      await limiter.acquire(4);
      const heavy = background(() => limiter.acquire(4));
      const late = background(() => timeout(100, () => limiter.acquire()));
      const light = background(() => limiter.acquire().then(now));
      await waitAllTasksBlocked();
      expect(await failure(late)).toBeInstanceOf(TimeoutError);
      await sleep(algorithm === 'token-bucket' ? 300 : 0);
      heavy.cancel();
      expect(await failure(heavy)).toBeInstanceOf(CancelledError);
      expect(await light).toBe(algorithm === 'token-bucket' ? 400 : 1000); // at once: for the bucket the token was there
      expect(limiter.statistics().waiting).toBe(0);
    }));

  it('one that was admitted in the tick in which it is cancelled has it: nothing is taken back', () =>
    virtually(async ({ clock }) => {
      const limiter = new RateLimiter({ rate: 1, algorithm });
      await limiter.acquire();
      const log: string[] = [];
      const task = background(() => limiter.acquire().then(() => log.push('admitted')));
      await waitAllTasksBlocked();
      clock.setTimer(1000, () => task.cancel());
      await task.wait();
      expect([log, limiter.statistics().available]).toEqual([['admitted'], 0]);
    }));

  it('a crowd that is cancelled together takes nothing on its way out', () =>
    virtually(async () => {
      const limiter = new RateLimiter({ rate: 4, algorithm });
      await limiter.acquire(2);
      let admitted = 0;
      await moveOnAfter(10, async () => {
        await withTaskGroup((tg) => {
          for (const weight of [4, 1, 1, 1, 1]) tg.spawn(() => limiter.acquire(weight).then(() => admitted++));
        });
      });
      expect([admitted, limiter.statistics()]).toEqual([0, { available: 2, waiting: 0 }]);
    }));

  it('in a cancelled scope nothing is taken, though it is there', () =>
    virtually(() =>
      new CancelScope().run(async (scope) => {
        const limiter = new RateLimiter({ rate: 1, algorithm });
        scope.cancel();
        expect(await failure(() => limiter.acquire())).toBeInstanceOf(CancelledError);
        expect(limiter.tryAcquire()).toBe(true);
      }),
    ));

  it('has a timer only while somebody waits: one, for the first in line', () =>
    virtually(async ({ clock }) => {
      const [arm, disarm] = [vi.spyOn(clock, 'arm'), vi.spyOn(clock, 'disarm')];
      const limiter = new RateLimiter({ rate: 1, algorithm });
      await limiter.acquire();
      expect(limiter.tryAcquire()).toBe(false);
      limiter.pauseUntil(500);
      const timers = (): number => arm.mock.calls.filter(([timer]) => timer.when !== Infinity).length;
      expect(timers()).toBe(0);
      const tasks = [1, 2, 3].map(() => background(() => limiter.acquire()));
      await waitAllTasksBlocked();
      expect(timers()).toBe(1);
      disarm.mockClear();
      for (const task of tasks) task.cancel();
      const [timer] = arm.mock.calls.map(([t]) => t).filter((t) => t.when !== Infinity).slice(-1); // prettier-ignore
      expect(timer?.order).toBe(-1);
    }));

  it('a tight loop of admitted acquires does not starve the loop', () =>
    virtually(async () => {
      const limiter = new RateLimiter({ rate: 1e6, algorithm });
      const loop = { turned: false };
      setImmediate(() => (loop.turned = true));
      for (let i = 0; i < 100_000 && !loop.turned; i++) await limiter.acquire();
      expect(loop.turned).toBe(true);
    }));

  it('that outlives its run starts anew on the clock of the next', async () => {
    const limiter = new RateLimiter({ rate: 1, algorithm });
    await virtually(async () => {
      await sleep(50_000);
      await limiter.acquire();
      limiter.pauseUntil(100_000);
    });
    await virtually(async () => {
      await limiter.acquire();
      await limiter.acquire();
      expect(now()).toBe(1000);
    });
  });

  it('whoever acquires, with whatever weight, cancelled or not, while pauses come: within the rate, in order, nobody forgotten', async () => {
    const caller = fc.record({
      at: fc.nat({ max: 400 }),
      weight: fc.integer({ min: 1, max: 4 }),
      patience: fc.option(fc.nat({ max: 600 })),
    });
    const pause = fc.record({ at: fc.nat({ max: 300 }), ms: fc.nat({ max: 300 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(caller, { maxLength: 20 }), fc.array(pause, { maxLength: 3 }), (callers, pauses) =>
        virtually(async () => {
          const limiter = new RateLimiter({ rate: 4, per: 100, algorithm });
          const admitted: { at: number; weight: number; ticket: number }[] = [];
          let [tickets, gone] = [0, 0];
          await withTaskGroup((tg) => {
            for (const { at, weight, patience } of callers) {
              tg.spawn(async () => {
                await sleepUntil(at);
                const ticket = tickets++;
                const done = await moveOnAfter(patience, async () => {
                  await limiter.acquire(weight);
                  admitted.push({ at: now(), weight, ticket });
                  return true;
                });
                if (done === undefined) gone++;
              });
            }
            for (const { at, ms } of pauses) {
              tg.spawn(async () => {
                await sleepUntil(at);
                limiter.pauseUntil(at + ms);
              });
            }
          });
          expect(admitted.map((a) => a.ticket)).toEqual(admitted.map((a) => a.ticket).toSorted((a, b) => a - b));
          expect(admitted.length + gone).toBe(callers.length);
          expect(limiter.statistics().waiting).toBe(0);
          for (const { at, ms } of pauses) {
            expect(admitted.filter((a) => a.at > at && a.at < at + ms)).toEqual([]);
          }
          for (const from of admitted) {
            for (const to of admitted.filter((a) => a.at >= from.at)) {
              const seen = admitted.filter((a) => a.at >= from.at && a.at <= to.at).reduce((sum, a) => sum + a.weight, 0);
              const length = to.at - from.at;
              if (algorithm === 'token-bucket') expect(seen).toBeLessThanOrEqual(4 + (length * 4) / 100 + 1e-6);
              else if (length < 100) expect(seen).toBeLessThanOrEqual(4);
            }
          }
        }),
      ),
      { numRuns: 100 },
    );
  });
});

describe('bad options', () => {
  const bad: [unknown, string][] = [
    [undefined, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.rate to be a finite number above 0, got undefined'],
    [{ rate: 0 }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.rate to be a finite number above 0, got 0 (number)'],
    [{ rate: NaN }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.rate to be a finite number above 0, got NaN (number)'],
    [{ rate: Infinity }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.rate to be a finite number above 0, got Infinity (number)'],
    [{ rate: 1, per: 0 }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.per to be a finite number above 0, got 0 (number)'],
    [{ rate: 1, burst: 0 }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.burst to be a whole number from 1 up, got 0 (number)'],
    [
      { rate: 1, algorithm: 'leaky' },
      "RangeError OFFLOOP_OUT_OF_RANGE: Expected options.algorithm to be one of 'token-bucket', 'sliding-window', got 'leaky' (string)",
    ],
    [
      { rate: 1.5, algorithm: 'sliding-window' },
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.rate to be a whole number from 1 up, got 1.5 (number)',
    ],
    [
      { rate: 1, burst: 2, algorithm: 'sliding-window' },
      expect.stringContaining('Expected options.burst to be left out: a sliding window') as never,
    ],
    [{ rate: 1, interval: 5 }, expect.stringContaining('Unknown option options.interval; known options are rate, per,') as never],
  ];
  it.each(bad)('%j is refused', async (options, message) => {
    expect(await refusal(() => new RateLimiter(options as RateLimiterOptions))).toEqual(message);
  });

  it.each([NaN, Infinity, '5', undefined])('a pause until %s is refused', async (when) => {
    expect(await refusal(() => new RateLimiter({ rate: 1 }).pauseUntil(when as number))).toMatch(
      /Expected when to be a finite point in time/,
    );
  });
});

it('shows itself in a line', () =>
  run(
    async () => {
      const limiter = new RateLimiter({ rate: 5 });
      await limiter.acquire(2);
      expect(String(limiter)).toBe('<RateLimiter 3 available, 0 waiting>');
      expect(Object.isFrozen(limiter.statistics())).toBe(true);
    },
    { clock: new MockClock(), signals: false },
  ));
