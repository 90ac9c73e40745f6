import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CancelledError, CircuitOpenError, TimeoutError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { Deferred } from '../../src/core/deferred.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import type { Task } from '../../src/core/task.ts';
import { moveOnAfter, timeout } from '../../src/core/timeout.ts';
import { CircuitBreaker } from '../../src/resilience/circuit-breaker.ts';
import type { CircuitBreakerOptions } from '../../src/resilience/circuit-breaker.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

const ill = new Error('the other side is ill');
const fails = (): Promise<never> => Promise.reject(ill);
const works = (): Promise<string> => Promise.resolve('fine');

async function open(breaker: CircuitBreaker, failures = 5): Promise<void> {
  for (let i = 0; i < failures; i++) expect(await failure(() => breaker.call(fails))).toBe(ill);
  expect(breaker.state).toBe('open');
}

/** A call whose end the test decides. */
function held(breaker: CircuitBreaker): { end: Deferred<string>; task: Task<string> } {
  const end = new Deferred<string>();
  return { end, task: background(() => breaker.call(async () => await end), { eager: true }) };
}

describe('closed', () => {
  it('hands values and errors through, and calls fn with nothing', () =>
    virtually(async () => {
      const breaker = new CircuitBreaker();
      const fn = vi.fn<(...args: unknown[]) => number>((...args) => args.length);
      expect(await breaker.call(fn)).toBe(0);
      expect(await failure(() => breaker.call(fails))).toBe(ill);
      expect(await failure(() => breaker.call(() => { throw ill; }))).toBe(ill); // prettier-ignore
      expect(breaker.statistics()).toEqual({ state: 'closed', failures: 2, successes: 1, rejected: 0 });
    }));

  it('opens after five failures in a row; a success in between counts them anew', () =>
    virtually(async () => {
      const breaker = new CircuitBreaker();
      for (let i = 0; i < 4; i++) await failure(() => breaker.call(fails));
      await breaker.call(works);
      for (let i = 0; i < 4; i++) await failure(() => breaker.call(fails));
      expect(breaker.state).toBe('closed');
      await failure(() => breaker.call(fails));
      expect(breaker.statistics()).toEqual({ state: 'open', failures: 9, successes: 1, rejected: 0 });
    }));

  it('an error that is no failure is an answer: it counts as a success', () =>
    virtually(async () => {
      const breaker = new CircuitBreaker({ failureThreshold: 2, isFailure: (e) => e === ill });
      const notFound = new Error('404');
      await failure(() => breaker.call(fails));
      expect(await failure(() => breaker.call(() => Promise.reject(notFound)))).toBe(notFound);
      await failure(() => breaker.call(fails));
      expect(breaker.statistics()).toEqual({ state: 'closed', failures: 2, successes: 1, rejected: 0 });
    }));
});

describe('open', () => {
  it('refuses at once, without calling fn, and says when to come back', () =>
    virtually(async () => {
      const breaker = new CircuitBreaker({ name: 'payments' });
      await open(breaker);
      await sleep(1000);
      const fn = vi.fn<() => Promise<string>>(works);
      const error = await failure(() => breaker.call(fn));
      expect(error).toBeInstanceOf(CircuitOpenError);
      expect(error).toMatchObject({ retryAt: 30_000, message: 'The circuit "payments" is open, the call was not made: retry in 29000 ms' });
      expect(fn).not.toHaveBeenCalled();
      expect(breaker.statistics()).toMatchObject({ failures: 5, rejected: 1 });
    }));

  it('becomes half-open after recoveryTimeout, not a millisecond earlier, and without a timer', () =>
    virtually(async ({ clock }) => {
      const breaker = new CircuitBreaker({ recoveryTimeout: 500 });
      const armed = vi.spyOn(clock, 'arm');
      await open(breaker);
      expect(armed).not.toHaveBeenCalled();
      await clock.jump(499);
      expect(breaker.state).toBe('open');
      await clock.jump(1);
      expect([breaker.state, breaker.statistics().state]).toEqual(['half-open', 'half-open']);
    }));

  it('with recoveryTimeout Infinity stays open', () =>
    virtually(async () => {
      const breaker = new CircuitBreaker({ recoveryTimeout: Infinity, failureThreshold: 1 });
      await open(breaker, 1);
      await sleep(1e9);
      expect(await refusal(() => breaker.call(works))).toBe(
        'CircuitOpenError OFFLOOP_CIRCUIT_OPEN: The circuit is open, the call was not made: it does not recover by itself',
      );
    }));
});

describe('half-open', () => {
  const halfOpen = async (options: CircuitBreakerOptions = {}): Promise<CircuitBreaker> => {
    const breaker = new CircuitBreaker({ failureThreshold: 1, recoveryTimeout: 100, ...options });
    await open(breaker, 1);
    await sleep(100);
    return breaker;
  };

  it('closes with the first success', () =>
    virtually(async () => {
      const breaker = await halfOpen();
      expect(await breaker.call(works)).toBe('fine');
      expect(breaker.state).toBe('closed');
    }));

  it('opens again with the first failure, for the whole recoveryTimeout', () =>
    virtually(async () => {
      const breaker = await halfOpen({ successThreshold: 3, failureThreshold: 1 });
      await breaker.call(works);
      await breaker.call(works);
      await failure(() => breaker.call(fails));
      expect(await failure(() => breaker.call(works))).toMatchObject({ retryAt: now() + 100 });
    }));

  it('lets in as many probes at once as halfOpenLimit says, however many come in one tick', () =>
    virtually(async () => {
      const breaker = await halfOpen({ halfOpenLimit: 2, successThreshold: 2 });
      let inside = 0;
      const probe = async (): Promise<void> => {
        expect(++inside).toBeLessThanOrEqual(2);
        await sleep(10);
        inside--;
      };
      const results = await Promise.allSettled(Array.from({ length: 9 }, () => breaker.call(probe)));
      expect(results.filter((r) => r.status === 'rejected' && r.reason instanceof CircuitOpenError)).toHaveLength(7);
      expect(breaker.statistics()).toMatchObject({ state: 'closed', successes: 2, rejected: 7 });
    }));

  it('tells a caller that finds it being probed a time at which it is worth while: no spinning', () =>
    virtually(async () => {
      const breaker = await halfOpen();
      held(breaker);
      expect(await failure(() => breaker.call(works))).toMatchObject({
        retryAt: now() + 100,
        message: 'The circuit is being probed, the call was not made: retry in 100 ms',
      });
    }));

  it('a cancelled probe frees its place without deciding', () =>
    virtually(async () => {
      const breaker = await halfOpen();
      expect(await moveOnAfter(10, () => breaker.call(sleepForever))).toBeUndefined();
      expect(breaker.statistics()).toEqual({ state: 'half-open', failures: 1, successes: 0, rejected: 0 });
      expect(await breaker.call(works)).toBe('fine');
      expect(breaker.state).toBe('closed');
    }));

  it('a probe of one caller is not cancelled with another, who was only refused', () =>
    virtually(async () => {
      const breaker = await halfOpen();
      const probe = held(breaker);
      expect(await failure(() => timeout(5, () => breaker.call(works)))).toBeInstanceOf(CircuitOpenError);
      await sleep(50);
      probe.end.resolve('late but well');
      expect(await probe.task).toBe('late but well');
      expect(breaker.state).toBe('closed');
    }));

  it('is never stuck when a probe ends after the state it belonged to', () =>
    virtually(async () => {
      const breaker = await halfOpen({ halfOpenLimit: 2 });
      const [slow, quick] = [held(breaker), held(breaker)];
      quick.end.reject(ill); // opens again; the other probe is late now
      await quick.task.wait();
      await sleep(100);
      const next = held(breaker);
      slow.end.resolve('from another time');
      await slow.task;
      expect(breaker.state).toBe('half-open');
      next.end.resolve('well');
      await next.task;
      expect(breaker.state).toBe('closed');
    }));
});

describe('a call that ends when its state is over decides nothing', () => {
  it('a failure from before the circuit opened does not prolong it, nor open it again when it has closed', () =>
    virtually(async () => {
      const breaker = new CircuitBreaker({ failureThreshold: 1, recoveryTimeout: 100 });
      const [early, late, latest] = [held(breaker), held(breaker), held(breaker)];
      early.end.reject(ill);
      await early.task.wait();
      await sleep(60);
      late.end.reject(ill);
      await late.task.wait();
      expect(await failure(() => breaker.call(works))).toMatchObject({ retryAt: 100 });
      await sleep(40);
      await breaker.call(works);
      latest.end.reject(ill);
      await latest.task.wait();
      expect(breaker.statistics()).toEqual({ state: 'closed', failures: 3, successes: 1, rejected: 1 });
    }));

  it('a success from before does not close it', () =>
    virtually(async () => {
      const breaker = new CircuitBreaker({ failureThreshold: 1, recoveryTimeout: 100 });
      const [slow, later] = [held(breaker), held(breaker)];
      await open(breaker, 1);
      slow.end.resolve('x');
      await slow.task;
      expect(breaker.state).toBe('open');
      await sleep(100);
      held(breaker);
      later.end.resolve('y');
      await later.task;
      expect(breaker.state).toBe('half-open');
    }));
});

describe('cancellation', () => {
  it('is no failure, whoever was cancelled, and isFailure is not asked', () =>
    virtually(async () => {
      const isFailure = vi.fn<() => boolean>(() => true);
      const breaker = new CircuitBreaker({ failureThreshold: 1, isFailure });
      expect(await failure(() => timeout(5, () => breaker.call(sleepForever)))).toBeInstanceOf(TimeoutError);
      const other = background(sleepForever);
      other.cancel();
      expect(await failure(() => breaker.call(() => other))).toBeInstanceOf(CancelledError);
      expect(breaker.statistics()).toEqual({ state: 'closed', failures: 0, successes: 0, rejected: 0 });
      expect(isFailure).not.toHaveBeenCalled();
    }));

  it('in the words of a driver is none either, while a success that came through counts', () =>
    virtually(async () => {
      const breaker = new CircuitBreaker({ failureThreshold: 1 });
      const task = background(() => breaker.call(() => sleepForever().catch(() => Promise.reject(new Error('connection aborted')))));
      const stubborn = background(() => breaker.call(() => sleepForever().catch(() => 'done all the same')));
      await waitAllTasksBlocked();
      task.cancel();
      stubborn.cancel();
      expect(await failure(task)).toMatchObject({ message: 'connection aborted' });
      expect(await stubborn).toBe('done all the same');
      expect(breaker.statistics()).toEqual({ state: 'closed', failures: 0, successes: 1, rejected: 0 });
    }));

  it('by a time limit inside the call is a failure', () =>
    virtually(async () => {
      const breaker = new CircuitBreaker({ failureThreshold: 1 });
      expect(await failure(() => breaker.call(() => timeout(5, sleepForever)))).toBeInstanceOf(TimeoutError);
      expect(breaker.state).toBe('open');
    }));

  it('before the call: fn is not called, no place is taken', () =>
    virtually(async () => {
      const breaker = new CircuitBreaker({ failureThreshold: 1, recoveryTimeout: 0 });
      await failure(() => breaker.call(fails));
      await new CancelScope().run(async (scope) => {
        scope.cancel();
        expect(await failure(() => breaker.call(works))).toBeInstanceOf(CancelledError);
      });
      expect(await breaker.call(works)).toBe('fine');
    }));
});

describe('listeners', () => {
  it('hear every change in order, until they are disposed', () =>
    virtually(async () => {
      const breaker = new CircuitBreaker({ failureThreshold: 1, recoveryTimeout: 100 });
      const [all, first]: string[][] = [[], []];
      breaker.onStateChange((to) => all?.push(to));
      const registration = breaker.onStateChange((to) => {
        first?.push(to);
        registration[Symbol.dispose]();
      });
      await open(breaker, 1);
      await sleep(100);
      await breaker.call(works);
      expect([all, first]).toEqual([['open', 'half-open', 'closed'], ['open']]);
      registration[Symbol.dispose]();
    }));

  it('that throw, or reject, go to the exception handler; the others and the call hear nothing of it', () =>
    virtually(async ({ reports }) => {
      const breaker = new CircuitBreaker({ failureThreshold: 1 });
      const heard: string[] = [];
      breaker.onStateChange(function alarm() {
        throw new Error('no pager');
      });
      breaker.onStateChange((async () => Promise.reject(new Error('no mail'))) as () => void);
      breaker.onStateChange((to) => heard.push(to));
      await open(breaker, 1);
      await turns(2);
      expect(heard).toEqual(['open']);
      expect(reports.map((r) => [r.message, (r.error as Error).message])).toEqual([
        ['Exception in callback alarm', 'no pager'],
        ['Exception in callback <anonymous>', 'no mail'],
      ]);
    }));

  it('one that causes the next change does not make others hear of it first', () =>
    virtually(async () => {
      const breaker = new CircuitBreaker({ failureThreshold: 1, recoveryTimeout: 0 });
      const heard: string[] = [];
      let probe: Promise<unknown> | undefined;
      breaker.onStateChange((to) => {
        if (to === 'open') probe = breaker.call(works);
      });
      breaker.onStateChange((to) => heard.push(to));
      await failure(() => breaker.call(fails));
      await probe;
      expect(heard).toEqual(['open', 'half-open', 'closed']);
    }));
});

describe('a mistake in isFailure', () => {
  it.each([
    ['that throws', () => { throw new Error('a mistake'); }, 'a mistake'], // prettier-ignore
    [
      'that is an async function',
      () => Promise.resolve(false) as never,
      /^Expected what options.isFailure returns to be a boolean, got Promise/,
    ],
  ])('%s is thrown, names the error it was asked about, and that counts as a failure', (_title, isFailure, message) =>
    virtually(async () => {
      const breaker = new CircuitBreaker({ failureThreshold: 2, recoveryTimeout: 0, isFailure });
      const error = (await failure(() => breaker.call(fails))) as Error;
      expect(error.message).toMatch(message);
      expect(error.cause).toBe(ill);
      await failure(() => breaker.call(fails));
      await failure(() => breaker.call(fails)); // a probe: its place must come free
      expect(await breaker.call(works)).toBe('fine');
    }),
  );
});

describe('bad options', () => {
  const bad: [CircuitBreakerOptions, string][] = [
    [
      { failureThreshold: 0 },
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.failureThreshold to be a whole number from 1 up, got 0 (number)',
    ],
    [
      { successThreshold: NaN },
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.successThreshold to be a whole number from 1 up, got NaN (number)',
    ],
    [
      { halfOpenLimit: 1.5 },
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.halfOpenLimit to be a whole number from 1 up, got 1.5 (number)',
    ],
    [
      { recoveryTimeout: -1 },
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.recoveryTimeout to be a number of milliseconds, 0 or more, got -1 (number)',
    ],
    [{ isFailure: true as never }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.isFailure to be a function, got true (boolean)'],
    [{ name: 5 as never }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.name to be a string, got 5 (number)'],
    [{ threshold: 5 } as never, expect.stringContaining('Unknown option options.threshold; known options are') as never],
  ];
  it.each(bad)('%j is refused', async (options, message) => {
    expect(await refusal(() => new CircuitBreaker(options))).toEqual(message);
  });
});

it('shows itself in a line', () => {
  expect(String(new CircuitBreaker())).toBe('<CircuitBreaker closed, 0 failures, 0 successes, 0 rejected>');
  expect(Object.isFrozen(new CircuitBreaker().statistics())).toBe(true);
});

type Step = { do: 'call' } | { do: 'wait'; ms: number } | { do: 'end'; which: number; how: 'success' | 'failure' | 'cancel' };
interface ModelCall {
  end: Deferred<string>;
  task: Task<string>;
  generation: number;
}

it('does what a model of it does, whatever is called, ended, cancelled and waited for in whatever order', async () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ do: 'call' as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 15 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('end' as const),
        which: fc.nat({ max: 5 }),
        how: fc.constantFrom('success' as const, 'failure' as const, 'cancel' as const),
      }),
    },
  );
  const limits = fc.record({
    failureThreshold: fc.integer({ min: 1, max: 3 }),
    successThreshold: fc.integer({ min: 1, max: 3 }),
    halfOpenLimit: fc.integer({ min: 1, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(limits, fc.array(step, { maxLength: 60 }), (options, steps) =>
      virtually(async () => {
        const breaker = new CircuitBreaker({ ...options, recoveryTimeout: 10 });
        const changes: string[] = [];
        breaker.onStateChange((to) => changes.push(to));
        const model = { state: 'closed', generation: 0, row: 0, probes: 0, retryAt: 0, failures: 0, successes: 0, rejected: 0 };
        const expected: string[] = [];
        const become = (state: string): void => {
          Object.assign(model, { state, generation: model.generation + 1, row: 0, probes: 0, retryAt: now() + 10 });
          expected.push(state);
        };
        const calls: ModelCall[] = [];
        for (const s of steps) {
          if (s.do === 'wait') await sleep(s.ms);
          else if (s.do === 'call') {
            if (model.state === 'open' && now() >= model.retryAt) become('half-open');
            const refused = model.state === 'open' || (model.state === 'half-open' && model.probes === options.halfOpenLimit);
            const call = { ...held(breaker), generation: model.generation };
            if (refused) {
              model.rejected++;
              expect(await failure(call.task)).toBeInstanceOf(CircuitOpenError);
            } else {
              if (model.state === 'half-open') model.probes++;
              calls.push(call);
            }
          } else if (calls.length > 0) {
            const [call] = calls.splice(s.which % calls.length, 1) as [ModelCall];
            if (s.how === 'success') call.end.resolve('fine');
            else if (s.how === 'failure') call.end.reject(ill);
            else call.task.cancel();
            await call.task.wait();
            const current = call.generation === model.generation;
            if (current && model.state === 'half-open') model.probes--;
            if (s.how === 'failure') {
              model.failures++;
              if (current && (model.state === 'half-open' || ++model.row === options.failureThreshold)) become('open');
            } else if (s.how === 'success') {
              model.successes++;
              if (current && model.state === 'closed') model.row = 0;
              else if (current && ++model.row === options.successThreshold) become('closed');
            }
          }
          const due = model.state === 'open' && now() >= model.retryAt;
          const { failures, successes, rejected } = model;
          expect(breaker.statistics()).toEqual({ state: due ? 'half-open' : model.state, failures, successes, rejected });
          expect(changes).toEqual(expected);
        }
        for (const { task } of calls) task.cancel();
      }),
    ),
    { numRuns: 300 },
  );
});
