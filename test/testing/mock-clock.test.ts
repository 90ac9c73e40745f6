import { readFile, writeFile } from 'node:fs/promises';
import { lookup } from 'node:dns/promises';
import { pbkdf2 } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { withSignal } from '../../src/core/foreign.ts';
import { run } from '../../src/core/run.ts';
import { here } from '../../src/core/scope.ts';
import { now, sleep, sleepForever, sleepUntil } from '../../src/core/sleep.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, timeout } from '../../src/core/timeout.ts';
import { MockClock } from '../../src/testing/mock-clock.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { realTime, refusal, virtually } from '../support/virtual.ts';

const clocks: MockClock[] = [];
function mock(options?: ConstructorParameters<typeof MockClock>[0]): MockClock {
  const clock = new MockClock(options);
  clocks.push(clock);
  return clock;
}
afterEach(() => {
  for (const clock of clocks.splice(0)) clock.autojumpThreshold = Infinity;
});

describe('time', () => {
  it('starts at 0 and stands still (MC-01)', async () => {
    const clock = mock();
    expect(clock.now()).toBe(0);
    await realTime(5);
    expect(clock.now()).toBe(0);
  });

  it('jumps forward only (MC-01)', async () => {
    const clock = mock();
    await clock.jump(1.5);
    await clock.jump(0);
    expect(clock.now()).toBe(1.5);
    expect(await refusal(() => clock.jump(-1))).toBe(
      'RangeError OFFLOOP_OUT_OF_RANGE: Expected ms to be a finite number of milliseconds, 0 or more, got -1 (number)',
    );
    expect(clock.now()).toBe(1.5);
  });

  it('flows at `rate` real milliseconds, and a change of rate keeps the current time (MC-01)', () => {
    const real = vi.spyOn(performance, 'now').mockReturnValue(1000);
    const clock = mock({ rate: 2 });
    real.mockReturnValue(1010);
    expect(clock.now()).toBe(20);
    clock.rate = 0.5;
    expect(clock.now()).toBe(20);
    expect(clock.rate).toBe(0.5);
    real.mockReturnValue(1020);
    expect(clock.now()).toBe(25);
    clock.rate = 0;
    real.mockReturnValue(9999);
    expect(clock.now()).toBe(25);
  });

  it('is the time of the run that uses it, and of that run only', async () => {
    const clock = mock();
    await run(
      async () => {
        expect(now()).toBe(0);
        await clock.jump(250);
        expect(now()).toBe(250);
      },
      { clock, signals: false },
    );
    expect(now()).not.toBe(250);
  });
});

describe('jump', () => {
  it('fires deadlines in order, each at its own time, and runs what it woke before the next one', async () => {
    const clock = mock();
    const log: string[] = [];
    await run(
      () =>
        withTaskGroup(async (tg) => {
          const steps = async (name: string, ms: number): Promise<void> => {
            for (let i = 0; i < 3; i++) {
              await sleep(ms);
              await checkpoint();
              log.push(`${name}${now()}`);
            }
          };
          tg.spawn(() => steps('a', 20));
          tg.spawn(() => steps('b', 30));
          await waitAllTasksBlocked();
          await clock.jump(100);
          log.push(`end${now()}`);
        }),
      { clock, signals: false },
    );
    expect(log).toEqual(['a20', 'b30', 'a40', 'b60', 'a60', 'b90', 'end100']);
  });

  it('fires equal deadlines in the order in which they were set', async () => {
    const clock = mock();
    const log: number[] = [];
    for (const i of [1, 2, 3]) clock.setTimer(5, () => log.push(i));
    clock.setTimer(4, () => log.push(0));
    await clock.jump(5);
    expect(log).toEqual([0, 1, 2, 3]);
  });

  it('leaves alone what is due later, and what was disposed', async () => {
    const clock = mock();
    const log: string[] = [];
    clock.setTimer(10, () => log.push('due'));
    const gone = clock.setTimer(10, () => log.push('disposed'));
    clock.setTimer(10.5, () => log.push('later'));
    gone[Symbol.dispose]();
    gone[Symbol.dispose]();
    await clock.jump(10);
    expect(log).toEqual(['due']);
  });

  it('made twice at once goes the sum of both ways', async () => {
    const clock = mock();
    const at: number[] = [];
    clock.setTimer(3, () => at.push(clock.now()));
    clock.setTimer(12, () => at.push(clock.now()));
    await Promise.all([clock.jump(10), clock.jump(5)]);
    expect([...at, clock.now()]).toEqual([3, 12, 15]);
  });

  it('fires what became due at the present time by itself', async () => {
    const clock = mock();
    await clock.jump(10);
    const fired = await new Promise((resolve) => clock.setTimer(7, () => resolve(clock.now())));
    expect(fired).toBe(10);
  });

  it('is not held up by a task that never blocks', async () => {
    const clock = mock();
    await run(
      () =>
        withTaskGroup(async (tg) => {
          tg.spawn(async () => {
            for (;;) await checkpoint();
          });
          const sleeper = tg.spawn(() => sleep(50, 'slept'));
          await checkpoint();
          await clock.jump(50);
          expect(await sleeper).toBe('slept');
          tg.cancel();
        }),
      { clock, signals: false },
    );
  });

  it('rejects with what a callback threw, and the other timers still fire', async () => {
    const clock = mock();
    const log: string[] = [];
    clock.setTimer(1, () => {
      throw new Error('callback');
    });
    clock.setTimer(1, () => log.push('second'));
    await expect(clock.jump(2)).rejects.toThrow('callback');
    await clock.jump(2);
    expect(log).toEqual(['second']);
  });

  it('with a timer that sets itself again for the same time ends', async () => {
    const clock = mock();
    let fired = 0;
    const again = (): void => {
      if (++fired < 5) clock.setTimer(clock.now(), again);
    };
    clock.setTimer(1, again);
    await clock.jump(1);
    expect(fired).toBe(5);
  });
});

describe('rate', () => {
  it('brings deadlines in real time', async () => {
    const clock = mock({ rate: 100 });
    const begun = performance.now();
    await run(() => sleep(2_000), { clock, signals: false });
    expect(clock.now()).toBeGreaterThanOrEqual(2_000);
    expect(performance.now() - begun).toBeLessThan(1_500);
  });

  it('that is changed while a timer waits moves the timer', async () => {
    const clock = mock({ rate: 0.001 });
    await run(
      () =>
        withTaskGroup(async (tg) => {
          const sleeper = tg.spawn(() => sleep(1_000, 'slept'));
          await checkpoint();
          clock.rate = 1_000;
          expect(await sleeper).toBe('slept');
        }),
      { clock, signals: false },
    );
  });
});

describe('autojump', () => {
  it('brings hours in no time, when all tasks are blocked', async () => {
    const begun = performance.now();
    await virtually(async () => {
      await Promise.all([sleep(3_600_000), sleep(7_200_000)]);
      expect(now()).toBe(7_200_000);
    });
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  it('waits while a task still runs, turn after turn', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        let steps = 0;
        tg.spawn(async () => {
          for (; steps < 200; steps++) await checkpoint();
        });
        await sleep(1);
        expect(steps).toBe(200);
      }),
    ));

  it('stops at each deadline', () =>
    virtually(async () => {
      const seen: number[] = [];
      await withTaskGroup((tg) => {
        for (const ms of [30, 10, 20, 10]) {
          tg.spawn(async () => {
            await sleep(ms);
            seen.push(now());
          });
        }
      });
      expect(seen).toEqual([10, 10, 20, 30]);
    }));

  it('jumps only after waitAllTasksBlocked resolved (MC-03)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const log: string[] = [];
        tg.spawn(async () => {
          await sleep(10);
          log.push('slept');
        });
        for (let i = 0; i < 3; i++) {
          await waitAllTasksBlocked();
          log.push(`blocked at ${now()}`);
        }
        await sleep(11);
        expect(log).toEqual(['blocked at 0', 'blocked at 0', 'blocked at 0', 'slept']);
      }),
    ));

  it('goes before a waitAllTasksBlocked with a cushion longer than its threshold', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        let wokeAt = -1;
        tg.spawn(async () => {
          await sleep(10);
          wokeAt = now();
        });
        await waitAllTasksBlocked({ cushion: 30 });
        expect(wokeAt).toBe(10);
      }),
    ));

  it('does not jump while a job or a signalled call is outstanding (Runtime.external)', () =>
    virtually(async () => {
      const { runtime } = here();
      runtime.external++;
      setTimeout(() => runtime.external--, 60);
      const begun = performance.now();
      await sleep(1);
      expect(performance.now() - begun).toBeGreaterThanOrEqual(55);
      const answer = await timeout(5, () => withSignal(() => new Promise((r) => setTimeout(() => r('answer'), 30))));
      expect(answer).toBe('answer');
      expect(runtime.external).toBe(0);
    }));

  it('does not mind what an earlier run left behind outside', async () => {
    const clock = mock({ autojump: true });
    await run(() => void here().runtime.external++, { clock, signals: false });
    await run(() => sleep(1_000), { clock, signals: false });
    expect(clock.now()).toBe(1_000);
  });

  const file = join(tmpdir(), `offloop-mock-clock-${process.pid}`);
  const io: [string, () => Promise<unknown>][] = [
    ['reading a small file', () => readFile(import.meta.filename)],
    ['reading a large file', () => readFile(process.execPath)],
    ['writing a file', () => writeFile(file, Buffer.alloc(1e6))],
    ['looking up a name', () => lookup('localhost')],
    ['hashing a password', () => promisify(pbkdf2)('secret', 'salt', 20_000, 64, 'sha512')],
  ];
  it.each(io)('does not jump while %s is under way', (_what, op) =>
    virtually(async () => {
      for (let i = 0; i < 5; i++) await timeout(1, op);
      expect(now()).toBe(0);
    }),
  );

  it('does not wait for a bare timer: real timers go on in real time, and count for nothing', () =>
    virtually(async () => {
      const beat = setInterval(() => {}, 1_000_000);
      const late = moveOnAfter(100, () => new Promise((r) => setTimeout(() => r('too late'), 20)));
      await sleep(100);
      expect(now()).toBe(100);
      await late;
      clearInterval(beat);
    }));

  it('with a number waits for so many real milliseconds of idleness, so that real timers below it come first', async () => {
    const clock = mock({ autojump: 80 });
    expect(clock.autojumpThreshold).toBe(80);
    await run(
      async () => {
        const bare = (): Promise<string> => new Promise((r) => setTimeout(() => r('in time'), 20));
        expect(await timeout(1, bare)).toBe('in time');
        const begun = performance.now();
        await sleep(5);
        expect(performance.now() - begun).toBeGreaterThanOrEqual(79);
      },
      { clock, signals: false },
    );
  });

  it('can be switched on and off', async () => {
    const clock = mock();
    let woke = false;
    await run(
      () =>
        withTaskGroup(async (tg) => {
          tg.spawn(async () => {
            await sleep(5);
            woke = true;
          });
          await realTime(5);
          expect(woke).toBe(false);
          clock.autojumpThreshold = 0;
          await sleep(6);
          expect(woke).toBe(true);
          clock.autojumpThreshold = Infinity;
          const sleeper = tg.spawn(() => sleep(5));
          await realTime(5);
          expect(sleeper.settled).toBe(false);
          tg.cancel();
        }),
      { clock, signals: false },
    );
  });

  it('has nothing to do when the last timer is gone', () =>
    virtually(async () => {
      await moveOnAfter(1_000_000, () => checkpoint());
      await realTime(5);
      expect(now()).toBe(0);
    }));

  it('never jumps to Infinity', () =>
    virtually(async ({ clock }) => {
      const timer = clock.setTimer(Infinity, () => {});
      await moveOnAfter(10, () => sleepForever());
      await realTime(5);
      expect(now()).toBe(10);
      timer[Symbol.dispose]();
    }));

  it('tells on stderr when it is held up for long', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const clock = mock({ autojump: true });
    await run(
      () =>
        withTaskGroup(async (tg) => {
          const { runtime } = here();
          const sleeper = tg.spawn(() => sleep(1));
          runtime.external++;
          await realTime(5);
          const { now: realNow } = performance;
          vi.spyOn(performance, 'now').mockImplementation(() => realNow.call(performance) + 10_000);
          await realTime(20);
          vi.mocked(performance.now).mockRestore();
          runtime.external--;
          await sleeper;
        }),
      { clock, signals: false },
    );
    expect(error.mock.calls).toEqual([
      ['MockClock does not jump, because work is under way outside the loop: 1 call outside the loop (withSignal, jobs)'],
    ]);
  });
});

it('sleeps of all kinds follow it', () =>
  virtually(async () => {
    await sleepUntil(40);
    expect(now()).toBe(40);
    await sleepUntil(10);
    expect(now()).toBe(40);
    expect(await sleep(2 ** 40, 'long')).toBe('long');
    expect(now()).toBe(2 ** 40 + 40);
  }));

const bad: [string, () => unknown, string][] = [
  ['a wrong rate', () => new MockClock({ rate: '1' as never }), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.rate to be a finite number, 0 or more, got '1' (string)"],
  ['a negative rate', () => new MockClock({ rate: -1 }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.rate to be a finite number, 0 or more, got -1 (number)'],
  ['a rate of NaN', () => void (new MockClock().rate = NaN), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected rate to be a finite number, 0 or more, got NaN (number)'],
  ['an infinite rate', () => void (new MockClock().rate = Infinity), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected rate to be a finite number, 0 or more, got Infinity (number)'],
  ['a wrong autojump', () => new MockClock({ autojump: 'yes' as never }), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.autojump to be a boolean or a number of milliseconds, got 'yes' (string)"],
  ['a negative autojump', () => new MockClock({ autojump: -1 }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.autojump to be a number of milliseconds, 0 or more, got -1 (number)'],
  ['a threshold of NaN', () => void (new MockClock().autojumpThreshold = NaN), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected autojumpThreshold to be a number of milliseconds, 0 or more, got NaN (number)'],
  ['an unknown option', () => new MockClock({ autoJump: true } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.autoJump; known options are rate, autojump'],
  ['a jump by NaN', () => new MockClock().jump(NaN), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected ms to be a finite number of milliseconds, 0 or more, got NaN (number)'],
  ['an endless jump', () => new MockClock().jump(Infinity), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected ms to be a finite number of milliseconds, 0 or more, got Infinity (number)'],
  ['a jump by a string', () => new MockClock().jump('5' as never), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected ms to be a finite number of milliseconds, 0 or more, got '5' (string)"],
  ['a timer at NaN', () => new MockClock().setTimer(NaN, () => {}), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected when to be a point in time in milliseconds, got NaN (number)'],
  ['a timer without a function', () => new MockClock().setTimer(1, 5 as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected cb to be a function, got 5 (number)'],
]; // prettier-ignore
it.each(bad)('%s is refused', async (_what, call, message) => {
  expect(await refusal(call)).toBe(message);
});
