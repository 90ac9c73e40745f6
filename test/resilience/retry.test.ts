import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CancelledError, TimeoutError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { moveOnAfter, shield, timeout } from '../../src/core/timeout.ts';
import { retry } from '../../src/resilience/retry.ts';
import type { RetryOptions } from '../../src/resilience/retry.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

let random = 1;
beforeEach(() => {
  random = 1;
  vi.spyOn(Math, 'random').mockImplementation(() => random);
});
afterEach(() => vi.restoreAllMocks());

/** Fails until its last call, and notes when it was called. */
function failing(times: number, notes: number[] = []): (attempt: number) => Promise<string> {
  return async (attempt) => {
    notes.push(now());
    if (attempt <= times) throw new Error(`failure ${attempt}`);
    return `success ${attempt}`;
  };
}

/** When `fn` was called, with these options. */
function timesOf(failures: number, options: RetryOptions): Promise<number[]> {
  return virtually(async () => {
    const times: number[] = [];
    await retry(failing(failures, times), options).catch(() => {});
    return times;
  });
}

describe('attempts', () => {
  it('are three by default, numbered from 1; the last error is thrown itself', () =>
    virtually(async () => {
      const errors: Error[] = [];
      const error = await failure(() =>
        retry((attempt) => {
          errors.push(new Error(`failure ${attempt}`));
          throw errors.at(-1) as Error;
        }),
      );
      expect(errors.map((e) => e.message)).toEqual(['failure 1', 'failure 2', 'failure 3']);
      expect(error).toBe(errors[2]);
      expect(error).not.toHaveProperty('cause');
    }));

  it('end with the first success, whose value is returned; a plain value will do', () =>
    virtually(async () => {
      expect(await retry(failing(2))).toBe('success 3');
      expect(await retry((n) => n)).toBe(1);
    }));

  it('are one when told so, and then nobody is asked', () =>
    virtually(async () => {
      const asked = vi.fn<() => boolean>(() => true);
      expect(await failure(() => retry(failing(9), { attempts: 1, retryIf: asked }))).toMatchObject({ message: 'failure 1' });
      expect(now()).toBe(0);
      expect(asked).not.toHaveBeenCalled();
    }));

  it('go on until it succeeds, when there is no limit, and the delays never overflow', () =>
    virtually(async () => {
      expect(await retry(failing(3000), { attempts: Infinity, maxDelay: 10 })).toBe('success 3001');
      const delays: number[] = [];
      await retry(failing(1200), {
        attempts: Infinity,
        factor: 1e9,
        baseDelay: 0,
        maxDelay: Infinity,
        onRetry: (_e, _n, d) => delays.push(d),
      });
      expect(new Set(delays)).toEqual(new Set([0]));
    }));

  it('that fail at once still let the loop turn', () =>
    virtually(async () => {
      let turned = false;
      setImmediate(() => (turned = true));
      await retry(() => (turned ? 1 : Promise.reject(new Error('not yet'))), { attempts: 5, baseDelay: 0 });
      expect(turned).toBe(true);
    }));
});

describe('delays', () => {
  it('are 100 ms and twice as long each time, up to 30 s', async () => {
    const times = await timesOf(99, { attempts: 12 });
    expect(times.map((t, i) => t - (times[i - 1] ?? 0))).toEqual([0, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
  });

  it('are as options say', async () => {
    expect(await timesOf(9, { attempts: 5, baseDelay: 10, factor: 3, maxDelay: 100, jitter: 'none' })).toEqual([0, 10, 40, 130, 230]);
    expect(await timesOf(9, { attempts: 4, baseDelay: 7, factor: 1 })).toEqual([0, 7, 14, 21]);
    expect(await timesOf(9, { attempts: 2, baseDelay: 60_000 })).toEqual([0, 60_000]);
    expect(await timesOf(9, { attempts: 2, baseDelay: 60_000, maxDelay: 5 })).toEqual([0, 5]);
  });

  it.each([
    ['full', 0, [0, 0]],
    ['full', 0.5, [50, 100]],
    ['equal', 0, [50, 100]],
    ['equal', 0.5, [75, 150]],
    ['none', 0.5, [100, 200]],
  ] as const)('with %s jitter and chance %d are %j', async (jitter, chance, expected) => {
    random = chance;
    const delays: number[] = [];
    await virtually(() => retry(failing(2), { jitter, onRetry: (_e, _n, d) => delays.push(d) }));
    expect(delays).toEqual(expected);
  });

  it('have full jitter unless told otherwise', async () => {
    random = 0.25;
    expect(await timesOf(1, { attempts: 2 })).toEqual([0, 25]);
  });
});

describe('maxElapsed', () => {
  it('counts the delay that would exceed it, and does not begin it', () =>
    virtually(async () => {
      const times: number[] = [];
      const error = await failure(() => retry(failing(99, times), { attempts: Infinity, maxElapsed: 700 }));
      expect([times, now(), (error as Error).message]).toEqual([[0, 100, 300, 700], 700, 'failure 4']);
    }));

  it('counts the time of the attempts, and interrupts none', () =>
    virtually(async () => {
      let calls = 0;
      const slow = (): Promise<never> => sleep(500).then(() => Promise.reject(new Error(`failure ${++calls}`)));
      expect(await failure(() => retry(slow, { attempts: 9, maxElapsed: 599 }))).toMatchObject({ message: 'failure 1' });
      expect(now()).toBe(500);
    }));

  it('of 0 makes no second attempt, unless that is due at once', async () => {
    expect(await timesOf(9, { attempts: 3, maxElapsed: 0 })).toEqual([0]);
    expect(await timesOf(9, { attempts: 3, maxElapsed: 0, baseDelay: 0 })).toEqual([0, 0, 0]);
  });
});

describe('the functions among the options', () => {
  it('are asked in order, each with the error and the attempt that failed', () =>
    virtually(async () => {
      const log: unknown[] = [];
      await retry((n) => (log.push(`call ${n}`), failing(1)(n)), {
        retryIf: (e, n) => (log.push(['retryIf', (e as Error).message, n]), true),
        delayFor: (e, n) => (log.push(['delayFor', (e as Error).message, n]), 40),
        onRetry: (e, n, delay) => log.push(['onRetry', (e as Error).message, n, delay, now()]),
      });
      expect(log).toEqual([
        'call 1',
        ['retryIf', 'failure 1', 1],
        ['delayFor', 'failure 1', 1],
        ['onRetry', 'failure 1', 1, 40, 0],
        'call 2',
      ]);
      expect(now()).toBe(40);
    }));

  it('retryIf ends it with the error itself', () =>
    virtually(async () => {
      const told = vi.fn<() => void>();
      const fatal = new Error('fatal');
      expect(await failure(() => retry(() => Promise.reject(fatal), { retryIf: (e) => e !== fatal, onRetry: told }))).toBe(fatal);
      expect(told).not.toHaveBeenCalled();
    }));

  it('delayFor counts as it is, above maxDelay and without jitter; undefined leaves the delay as it was', async () => {
    random = 0.5;
    const given = [90_000, undefined, -5, 10];
    const times = await timesOf(9, { attempts: 5, maxDelay: 1000, delayFor: (_e, n) => given[n - 1] });
    expect(times).toEqual([0, 90_000, 90_100, 90_100, 90_110]);
  });

  it('delayFor is bounded by maxElapsed, and Infinity gives up', async () => {
    expect(await timesOf(9, { maxElapsed: 1000, delayFor: () => 1001 })).toEqual([0]);
    expect(await timesOf(9, { delayFor: () => Infinity })).toEqual([0]);
  });

  it('a mistake in retryIf or delayFor is thrown, and names the error it was asked about', () =>
    virtually(async () => {
      const bad: [RetryOptions, object][] = [
        [{ retryIf: () => Promise.resolve(false) as never }, { name: 'TypeError', code: 'OFFLOOP_INVALID_ARGUMENT' }],
        [{ retryIf: () => undefined as never }, { message: 'Expected what options.retryIf returns to be a boolean, got undefined' }],
        [{ delayFor: () => NaN }, { name: 'RangeError', code: 'OFFLOOP_OUT_OF_RANGE' }],
        [{ delayFor: () => '5' as never }, { message: expect.stringContaining('what options.delayFor returns') as string }],
        [{ retryIf: () => missing() }, { message: 'a mistake' }],
      ];
      for (const [options, expected] of bad) {
        const error = (await failure(() => retry(failing(9), options))) as Error;
        expect(error).toMatchObject(expected);
        expect(error.cause).toMatchObject({ message: 'failure 1' });
      }
    }));

  it('a mistake in onRetry goes to the exception handler, and the attempts go on', () =>
    virtually(async ({ reports }) => {
      const onRetry = (_e: unknown, attempt: number): void => {
        if (attempt === 1) throw new Error('while logging');
        return Promise.reject(new Error('while logging later')) as never;
      };
      expect(await retry(failing(2), { onRetry })).toBe('success 3');
      expect(reports.map((r) => [r.message, (r.error as Error).message])).toEqual([
        ['Exception in callback onRetry', 'while logging'],
        ['Exception in callback onRetry', 'while logging later'],
      ]);
    }));
});

function missing(): never {
  throw new Error('a mistake');
}

describe('cancellation', () => {
  it('in a delay ends it at once, and fn is not called again', () =>
    virtually(async () => {
      let calls = 0;
      const task = background(() => retry(() => Promise.reject(new Error(`failure ${++calls}`)), { attempts: 99, baseDelay: 60_000 }));
      await waitAllTasksBlocked();
      task.cancel('enough');
      expect(await failure(task)).toMatchObject({ name: 'CancelledError', reason: 'enough' });
      expect([calls, now()]).toEqual([1, 0]);
    }));

  it('within fn is told to fn, and is not tried again nor asked about', () =>
    virtually(async () => {
      const asked = vi.fn<() => boolean>(() => true);
      let calls = 0;
      const result = await moveOnAfter(50, () => retry(() => (calls++, sleepForever()), { retryIf: asked, onRetry: asked }), {
        fallback: 'late',
      });
      expect([result, calls, now()]).toEqual(['late', 1, 50]);
      expect(asked).not.toHaveBeenCalled();
    }));

  it('that fn answers with an error of its own is over with that error, which is not lost', () =>
    virtually(async () => {
      const asked = vi.fn<() => boolean>(() => true);
      const broken = new Error('the rollback failed');
      const task = background(() =>
        retry(
          async () => {
            try {
              await sleepForever();
            } finally {
              // oxlint-disable-next-line no-unsafe-finally -- as a failing cleanup does
              throw broken;
            }
          },
          { retryIf: asked },
        ),
      );
      await waitAllTasksBlocked();
      task.cancel();
      expect(await failure(task)).toBe(broken);
      expect(asked).not.toHaveBeenCalled();
    }));

  it('of something that fn awaits is no failure either: it comes out as it is', () =>
    virtually(async () => {
      const other = background(() => sleepForever());
      other.cancel('no longer needed');
      let calls = 0;
      expect(await failure(() => retry(() => (calls++, other)))).toMatchObject({ name: 'CancelledError', reason: 'no longer needed' });
      expect(calls).toBe(1);
    }));

  it('by a time limit inside fn is a failure like any other: TimeoutError is tried again', () =>
    virtually(async () => {
      const seen: unknown[] = [];
      const slow = (n: number): Promise<string> => timeout(10, () => sleep(n === 3 ? 5 : 20, `done by ${n}`));
      expect(await retry(slow, { jitter: 'none', onRetry: (e) => seen.push(e) })).toBe('done by 3');
      expect([seen.length, seen.every((e) => e instanceof TimeoutError), now()]).toEqual([2, true, 10 + 100 + 10 + 200 + 5]);
    }));

  it('before the first attempt: fn is not called; in a shield all goes on', () =>
    virtually(() =>
      new CancelScope().run(async (scope) => {
        scope.cancel();
        const fn = vi.fn<(attempt: number) => Promise<string>>(failing(1));
        expect(await failure(() => retry(fn))).toBeInstanceOf(CancelledError);
        expect(fn).not.toHaveBeenCalled();
        expect(await shield(() => retry(fn))).toBe('success 2');
      }),
    ));
});

describe('bad options', () => {
  const bad: [RetryOptions, string][] = [
    [
      { attempts: 0 },
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.attempts to be a whole number from 1 up, or Infinity, got 0 (number)',
    ],
    [
      { attempts: 1.5 },
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.attempts to be a whole number from 1 up, or Infinity, got 1.5 (number)',
    ],
    [{ baseDelay: NaN }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.baseDelay to be a finite number, 0 or more, got NaN (number)'],
    [
      { baseDelay: Infinity },
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.baseDelay to be a finite number, 0 or more, got Infinity (number)',
    ],
    [
      { maxDelay: -1 },
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.maxDelay to be a number of milliseconds, 0 or more, got -1 (number)',
    ],
    [{ factor: 0.5 }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.factor to be a finite number, 1 or more, got 0.5 (number)'],
    [
      { jitter: 'some' as never },
      "RangeError OFFLOOP_OUT_OF_RANGE: Expected options.jitter to be one of 'full', 'equal', 'none', got 'some' (string)",
    ],
    [
      { maxElapsed: '1' as never },
      "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.maxElapsed to be a number of milliseconds, 0 or more, got '1' (string)",
    ],
    [{ retryIf: 1 as never }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.retryIf to be a function, got 1 (number)'],
    [
      { retries: 3 } as never,
      expect.stringContaining('TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.retries; known') as never,
    ],
  ];
  it.each(bad)('%j is refused before fn is called', async (options, message) => {
    const fn = vi.fn<() => void>();
    expect(await refusal(() => retry(fn, options))).toEqual(message);
    expect(fn).not.toHaveBeenCalled();
  });

  it('so is what is not a function', async () => {
    expect(await refusal(() => retry(5 as never))).toBe('TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 5 (number)');
  });
});
