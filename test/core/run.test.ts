import { constants } from 'node:os';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { CancelledError, InvalidStateError, TimeoutError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { run } from '../../src/core/run.ts';
import type { RunOptions } from '../../src/core/run.ts';
import type { ExceptionContext, ExecutorLike } from '../../src/core/runtime.ts';
import { here } from '../../src/core/scope.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { currentTask } from '../../src/core/task.ts';
import { shield } from '../../src/core/timeout.ts';
import { MockClock } from '../../src/testing/mock-clock.ts';
import { failure, realTime, refusal, turns } from '../support/virtual.ts';

const auto = (options?: RunOptions): RunOptions => ({ clock: new MockClock({ autojump: true }), signals: false, ...options });

function recorder(): { exceptionHandler: (ctx: ExceptionContext) => void; reports: ExceptionContext[] } {
  const reports: ExceptionContext[] = [];
  return { reports, exceptionHandler: (ctx) => void reports.push(ctx) };
}

describe('run', () => {
  it("resolves with main's value (RU-01)", async () => {
    const value = await run(async () => 42, auto());
    expectTypeOf(value).toEqualTypeOf<number>();
    expect(value).toBe(42);
    expect(await run(() => 'synchronous')).toBe('synchronous');
  });

  it('rejects with what main throws', async () => {
    const boom = new Error('boom');
    expect(await failure(() => run(() => Promise.reject(boom), auto()))).toBe(boom);
    expect(await failure(() => run(() => { throw boom; }, auto()))).toBe(boom); // prettier-ignore
  });

  it('makes main the current task, named after its function (IN-13)', () =>
    run(async function program({ task, signal }) {
      expect([task.name, currentTask() === task, signal.aborted]).toEqual(['program', true, false]);
    }, auto()));

  it('refuses what is no function (RU-03)', async () => {
    for (const main of [undefined, Promise.resolve(1), 'main']) {
      expect(await refusal(() => run(main as never))).toMatch(/^TypeError OFFLOOP_INVALID_ARGUMENT: Expected main to be a function, got /);
    }
  });

  it('inside a task is refused (RU-05)', () =>
    run(async () => {
      let called = false;
      const error = await failure(() => run(() => (called = true)));
      expect(error).toBeInstanceOf(InvalidStateError);
      expect((error as Error).message).toBe('run() was called inside a task of another run(): use withTaskGroup, or await the function itself');
      expect(called).toBe(false);
    }, auto())); // prettier-ignore

  it('twice, one after the other and at the same time, works', async () => {
    expect(await run(() => sleep(5, 1), auto())).toBe(1);
    expect(await Promise.all([run(() => sleep(5, 2), auto()), run(() => sleep(1, 3), auto())])).toEqual([2, 3]);
    expect(await run(() => sleep(1, 4), auto())).toBe(4);
  });

  it('cancelled by other means than a signal rejects with that CancelledError, and does not exit (RU-09)', async () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    const error = await failure(() =>
      run(async ({ task }) => {
        task.cancel('by itself');
        await sleepForever();
      }),
    );
    expect(error).toMatchObject({ code: 'OFFLOOP_CANCELLED', reason: 'by itself', source: 'explicit' });
    expect(exit).not.toHaveBeenCalled();
  });

  it('calls made outside of any scope fall back to it: they are cancelled at its end', async () => {
    let stray: Promise<unknown> | undefined;
    const outside = new Promise<void>((resolve) => {
      setImmediate(() => {
        stray = failure(() => sleepForever());
        resolve();
      });
    });
    await run(async () => {
      await outside;
      await checkpoint();
    });
    expect(await stray).toMatchObject({ source: 'shutdown' });
  });
});

describe('the end of a run', () => {
  it('cancels and joins background tasks, also those that others start meanwhile', async () => {
    const log: string[] = [];
    const value = await run(async () => {
      background(async () => {
        try {
          await sleepForever();
        } finally {
          await shield(() => sleep(10));
          log.push(`first at ${now()}`);
          background(async () => {
            log.push('second began');
            await shield(() => sleep(10));
            log.push(`second at ${now()}`);
            await checkpoint();
            log.push('never');
          });
        }
      });
      await checkpoint();
      return 'value';
    }, auto());
    expect([value, log]).toEqual(['value', ['first at 10', 'second began', 'second at 20']]);
  });

  it("reports errors of background tasks as such, and main's value stays (RU-07)", async () => {
    const { reports, exceptionHandler } = recorder();
    const value = await run(
      async () => {
        background(async function stubborn() {
          try {
            await sleepForever();
          } finally {
            // eslint-disable-next-line no-unsafe-finally -- what the test is about
            throw new Error('in cleanup');
          }
        });
        await checkpoint();
        return 'value';
      },
      auto({ exceptionHandler }),
    );
    expect(value).toBe('value');
    expect(reports).toMatchObject([{ message: 'unhandled error during run() shutdown', error: { message: 'in cleanup' }, task: { name: 'stubborn' } }]);
  }); // prettier-ignore

  it('does not lose the report of a background task that failed in the last moment', async () => {
    const { reports, exceptionHandler } = recorder();
    await run(async () => {
      const task = background(() => Promise.reject(new Error('last moment')));
      await task.wait();
    }, auto({ exceptionHandler }));
    expect(reports).toMatchObject([{ error: { message: 'last moment' } }]);
  });

  it('that takes longer than the grace period rejects, and lists what is pending (RU-11, TA-25)', async () => {
    const clock = new MockClock({ autojump: true });
    const error = await failure(() =>
      run(
        async () => {
          background(() => shield(() => sleep(1_000)), { name: 'flusher' });
          background(() => shield(() => sleep(10)), { name: 'quick' });
          await checkpoint();
        },
        auto({ clock, gracePeriod: 100 }),
      ),
    );
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({
      message:
        'run() could not end within its grace period of 100 ms; still pending: "flusher" (cancelling, waiting for sleep until +900 ms)',
      deadline: 100,
    });
    await clock.jump(2_000);
  });

  it('lists ten pending tasks at most', async () => {
    const clock = new MockClock({ autojump: true });
    const error = await failure(() =>
      run(
        async () => {
          for (let i = 0; i < 13; i++) background(() => shield(() => sleep(1_000)), { name: `t${i}` });
          await checkpoint();
        },
        auto({ clock, gracePeriod: 1 }),
      ),
    );
    expect((error as Error).message).toMatch(/"t9" \(cancelling, waiting for sleep until \+999 ms\) and 3 more$/);
    await clock.jump(2_000);
  });

  it("too late: main's own error is the one that is thrown, the rest is reported", async () => {
    const clock = new MockClock({ autojump: true });
    const { reports, exceptionHandler } = recorder();
    const error = await failure(() =>
      run(
        async () => {
          background(() => shield(() => sleep(1_000)), { name: 'flusher' });
          await checkpoint();
          throw new Error('main failed');
        },
        auto({ clock, gracePeriod: 100, exceptionHandler }),
      ),
    );
    expect(error).toMatchObject({ message: 'main failed' });
    expect(reports).toMatchObject([{ message: 'run() did not end in order', error: { message: expect.stringContaining('"flusher"') } }]);
    await clock.jump(2_000);
  });

  it('within the grace period leaves no timer behind', async () => {
    const clock = new MockClock();
    const armed = vi.spyOn(clock, 'arm');
    const disarmed = vi.spyOn(clock, 'disarm');
    await run(() => {}, auto({ clock, gracePeriod: 100 }));
    expect([armed.mock.calls.length, disarmed.mock.calls.length]).toEqual([1, 1]);
  });

  it('of 0 ms still lets those end that need no time', async () => {
    expect(
      await run(
        async () => {
          background(() => sleepForever());
          await checkpoint();
          return 'value';
        },
        auto({ gracePeriod: 0 }),
      ),
    ).toBe('value');
  });
});

describe('executors', () => {
  const executor = (shutdown: ExecutorLike['shutdown']): ExecutorLike => ({ submit: () => {}, shutdown });

  it('are shut down after the background tasks have ended, and before run resolves', async () => {
    const log: string[] = [];
    const given = executor(async (o) => {
      await realTime(5);
      log.push(`shut down ${JSON.stringify(o)}`);
    });
    await run(
      async () => {
        expect(here().runtime.executor).toBe(given);
        here().runtime.closables.add({ shutdown: async () => void log.push('another one') });
        background(async () => {
          await failure(() => sleepForever());
          await shield(() => sleep(10));
          log.push('task ended');
        });
        await checkpoint();
      },
      auto({ executor: given }),
    );
    expect(log).toEqual(['task ended', 'another one', 'shut down {"cancelPending":true}']);
  });

  it('that fail to shut down fail the run, once the others are closed', async () => {
    const log: string[] = [];
    const boom = new Error('stuck');
    const error = await failure(() =>
      run(
        async () => {
          here().runtime.closables.add({ shutdown: () => realTime(10).then(() => void log.push('closed')) });
        },
        auto({ executor: executor(() => Promise.reject(boom)) }),
      ),
    );
    expect([error, log]).toEqual([boom, ['closed']]);
  });

  it('that take longer than the grace period make the run reject', async () => {
    const error = await failure(() => run(() => {}, { signals: false, gracePeriod: 20, executor: executor(() => new Promise(() => {})) }));
    expect(error).toMatchObject({
      message: 'run() could not end within its grace period of 20 ms; no task is pending, but an executor has not shut down',
    });
  });

  it('may take real time although the clock is virtual: it does not jump past the grace period meanwhile', async () => {
    expect(await run(() => 'value', auto({ gracePeriod: 500, executor: executor(() => realTime(40)) }))).toBe('value');
  });
});

describe('signals', () => {
  const listening = (): number[] => (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((s) => process.listenerCount(s));

  it('are listened to only while it runs: SIGINT and SIGTERM, unless told otherwise', async () => {
    const before = listening();
    const during = async (o?: RunOptions): Promise<number[]> => run(() => listening().map((n, i) => n - (before[i] ?? 0)), o);
    expect(await during()).toEqual([1, 1, 0]);
    expect(await during({ signals: ['SIGHUP', 'SIGHUP'] })).toEqual([0, 0, 1]);
    expect(await during({ signals: false })).toEqual([0, 0, 0]);
    expect(await during({ signals: [] })).toEqual([0, 0, 0]);
    await failure(() => run(() => Promise.reject(new Error('x'))));
    expect(listening()).toEqual(before);
  });

  it('the first one cancels main; when all is closed the process exits with 128 + n', async () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    const log: unknown[] = [];
    await failure(() =>
      run(
        () =>
          withTaskGroup(async (tg) => {
            tg.spawn(async () => {
              await failure(() => sleepForever());
              await shield(() => sleep(10));
              log.push('child cleaned up');
            });
            setImmediate(() => process.emit('SIGHUP', 'SIGHUP'));
            log.push(await failure(() => sleepForever()));
          }),
        auto({ signals: ['SIGHUP'] }),
      ),
    );
    expect(log).toEqual([expect.objectContaining({ source: 'signal', reason: 'SIGHUP' }), 'child cleaned up']);
    expect(log[0]).toBeInstanceOf(CancelledError);
    expect(exit.mock.calls).toEqual([[128 + constants.signals.SIGHUP]]);
  });

  it('an error of main, or of the end, while it was stopped by a signal is reported, not thrown', async () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => {
      throw new Error('exited');
    });
    const { reports, exceptionHandler } = recorder();
    const error = await failure(() =>
      run(
        async () => {
          here().runtime.closables.add({ shutdown: () => Promise.reject(new Error('stuck')) });
          setImmediate(() => process.emit('SIGHUP', 'SIGHUP'));
          await failure(() => sleepForever());
          throw new Error('in cleanup');
        },
        auto({ signals: ['SIGHUP'], exceptionHandler }),
      ),
    );
    expect([(error as Error).message, exit.mock.calls]).toEqual(['exited', [[129]]]);
    expect(reports).toMatchObject([
      { message: 'main failed while it was stopped by SIGHUP', error: { message: 'in cleanup' } },
      { message: 'run() did not end in order', error: { message: 'stuck' } },
    ]);
  });

  /** Sends signals to a main whose cleanup takes a while; what the process did, in order. */
  async function signalled(...signals: [NodeJS.Signals, afterMs: number][]): Promise<string[]> {
    const log: string[] = [];
    const exit = vi.spyOn(process, 'exit').mockImplementation((code) => void log.push(`exit ${code}`) as never);
    await run(
      async () => {
        void (async () => {
          for (const [signal, afterMs] of signals) {
            if (afterMs > 0) await realTime(afterMs);
            process.emit(signal, signal);
          }
        })();
        await failure(() => sleepForever());
        await shield(() => realTime(150));
        log.push('cleaned up');
      },
      { signals: ['SIGHUP', 'SIGINT'] },
    );
    exit.mockRestore();
    return log;
  }

  it('a second one exits at once', async () => {
    expect((await signalled(['SIGHUP', 1], ['SIGINT', 80]))[0]).toBe('exit 130');
  });

  it('a copy that comes with the first one, from a terminal and from npm, is no second one', async () => {
    expect(await signalled(['SIGINT', 1], ['SIGINT', 0], ['SIGINT', 0])).toEqual(['cleaned up', 'exit 130']);
  });
});

const bad: [string, () => unknown, string][] = [
  ['a negative grace period', () => run(() => {}, { gracePeriod: -1 }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.gracePeriod to be a number of milliseconds, 0 or more, got -1 (number)'],
  ['a grace period of NaN', () => run(() => {}, { gracePeriod: NaN }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.gracePeriod to be a number of milliseconds, 0 or more, got NaN (number)'],
  ['a wrong exception handler', () => run(() => {}, { exceptionHandler: 5 as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.exceptionHandler to be a function, got 5 (number)'],
  ['a wrong clock', () => run(() => {}, { clock: {} as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.clock to be a Clock (an object with now and setTimer), got {} (object)'],
  ['a wrong executor', () => run(() => {}, { executor: 5 as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.executor to be an Executor, got 5 (number)'],
  ['signals that are no list', () => run(() => {}, { signals: 'SIGINT' as never }), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.signals to be an array of signal names, or false, got 'SIGINT' (string)"],
]; // prettier-ignore
it('an unknown option is refused, and main does not run', async () => {
  expect(await refusal(() => run(() => {}, { signal: [] } as never))).toMatch(
    /^TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options\.signal; known options are signals, gracePeriod, clock, /,
  );
});

it.each(bad)('%s is refused, and main does not run', async (_what, call, message) => {
  expect(await refusal(call)).toBe(message);
});

it.each(['SIGFOO', 'SIGKILL', 'SIGSTOP', 2])('a signal that does not exist, or cannot be caught, is refused: %s', async (signal) => {
  expect(await refusal(() => run(() => {}, { signals: ['SIGINT', signal as never] }))).toMatch(
    /^(RangeError OFFLOOP_OUT_OF_RANGE|TypeError OFFLOOP_INVALID_ARGUMENT): Expected options\.signals\[1\] to be /,
  );
  await turns(1);
  expect(here().effective).toBeNull();
});
