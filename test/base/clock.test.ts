import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RealClock, startTimer, toTimerClock } from '../../src/base/clock.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Timed } from '../../src/base/timers.ts';
import { run } from '../../src/core/run.ts';
import { now, sleep } from '../../src/core/sleep.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { MockClock } from '../../src/testing/mock-clock.ts';
import { refusal } from '../support/virtual.ts';

describe('the real clock', () => {
  afterEach(() => void vi.useRealTimers());

  function faked(): { clock: RealClock; log: string[]; timers: () => number } {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    return { clock: new RealClock(), log: [], timers: () => vi.getTimerCount() };
  }

  it('fires by deadline, equal deadlines in the order in which they were set', () => {
    const { clock, log } = faked();
    const t = clock.now();
    for (const [name, ms] of [['c', 30], ['a', 10], ['b1', 20], ['b2', 20]] as const) clock.setTimer(t + ms, () => log.push(name)); // prettier-ignore
    vi.advanceTimersByTime(25);
    expect(log).toEqual(['a', 'b1', 'b2']);
    vi.advanceTimersByTime(10);
    expect(log).toEqual(['a', 'b1', 'b2', 'c']);
  });

  it('has one Node timer at most, and none when nothing is armed and the last one has passed', () => {
    const { clock, timers } = faked();
    const handles = [30, 10, 20].map((ms) => clock.setTimer(clock.now() + ms, () => {}));
    expect(timers()).toBe(1);
    for (const h of handles) h[Symbol.dispose]();
    vi.advanceTimersByTime(10);
    expect(timers()).toBe(0);
  });

  it('never fires a disposed timer', () => {
    const { clock, log } = faked();
    const gone = clock.setTimer(clock.now() + 5, () => log.push('gone'));
    const second = clock.setTimer(clock.now() + 6, () => log.push('second'));
    clock.setTimer(clock.now() + 5.5, () => second[Symbol.dispose]());
    gone[Symbol.dispose]();
    vi.advanceTimersByTime(20);
    expect(log).toEqual([]);
  });

  it('chains waits that are longer than a Node timer can be (LO-13)', () => {
    const { clock, log } = faked();
    const warn = vi.spyOn(process, 'emitWarning');
    const month = 31 * 24 * 3_600_000;
    clock.setTimer(clock.now() + month, () => log.push('month'));
    vi.advanceTimersByTime(2 ** 31 - 1);
    expect(log).toEqual([]);
    vi.advanceTimersByTime(month - 2 ** 31);
    expect(log).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(log).toEqual(['month']);
    expect(warn).not.toHaveBeenCalled();
  });

  it('arms again, rather than fire early, when Node calls early', () => {
    const { clock, log } = faked();
    const start = clock.now();
    clock.setTimer(start + 10, () => log.push('fired'));
    const late = vi.spyOn(performance, 'now').mockReturnValue(start + 9.5);
    vi.advanceTimersByTime(10);
    expect(log).toEqual([]);
    late.mockReturnValue(start + 10);
    vi.advanceTimersByTime(1);
    expect(log).toEqual(['fired']);
  });

  it('a timer that sets itself again for a time that has passed lets the loop go on', () => {
    const { clock } = faked();
    let fired = 0;
    const again = (): void => {
      if (++fired < 1_000_000) clock.setTimer(0, again);
    };
    clock.setTimer(0, again);
    vi.advanceTimersByTime(5);
    expect(fired).toBeLessThan(10);
    expect(fired).toBeGreaterThan(1);
  });

  it('a callback that throws does not take the other timers with it', () => {
    const { clock, log } = faked();
    clock.setTimer(clock.now() + 5, () => {
      throw new Error('callback');
    });
    clock.setTimer(clock.now() + 5, () => log.push('same'));
    clock.setTimer(clock.now() + 6, () => log.push('later'));
    expect(() => vi.advanceTimersByTime(5)).toThrow('callback');
    vi.advanceTimersByTime(10);
    expect(log).toEqual(['same', 'later']);
  });

  const keepsAlive = (): boolean => process.getActiveResourcesInfo().filter((r) => r === 'Timeout').length > idleTimeouts;
  let idleTimeouts = 0;

  it('keeps the process alive exactly while a deadline is armed (TO-05)', () => {
    idleTimeouts = process.getActiveResourcesInfo().filter((r) => r === 'Timeout').length;
    const clock = new RealClock();
    const never = clock.setTimer(Infinity, () => {});
    expect(keepsAlive()).toBe(false);
    const a = clock.setTimer(clock.now() + 100_000, () => {});
    const b = clock.setTimer(clock.now() + 200_000, () => {});
    expect(keepsAlive()).toBe(true);
    a[Symbol.dispose]();
    expect(keepsAlive()).toBe(true);
    b[Symbol.dispose]();
    expect(keepsAlive()).toBe(false);
    const c = clock.setTimer(clock.now() + 300_000, () => {});
    expect(keepsAlive()).toBe(true);
    c[Symbol.dispose]();
    never[Symbol.dispose]();
    expect(keepsAlive()).toBe(false);
  });

  it('does not run its callbacks in the context of whoever armed first', async () => {
    const clock = new RealClock();
    const storage = new AsyncLocalStorage<string>();
    const seen = await storage.run(
      'first',
      () => new Promise((resolve) => clock.setTimer(clock.now() + 1, () => resolve(storage.getStore()))),
    );
    expect(seen).toBeUndefined();
  });

  const bad: [string, () => unknown, string][] = [
    ['a deadline of NaN', () => new RealClock().setTimer(NaN, () => {}), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected when to be a point in time in milliseconds, got NaN (number)'],
    ['no deadline', () => new RealClock().setTimer(undefined as never, () => {}), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected when to be a point in time in milliseconds, got undefined'],
    ['no callback', () => new RealClock().setTimer(1, null as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected cb to be a function, got null'],
  ]; // prettier-ignore
  it.each(bad)('refuses %s', async (_what, call, message) => {
    expect(await refusal(call)).toBe(message);
  });
});

describe('a clock that only has now and setTimer', () => {
  /** The least a clock must be; fires what is due when told the time, or at once if it is due already. */
  class PlainClock implements Clock {
    time = 0;
    timers: { when: number; cb: () => void }[] = [];

    now(): number {
      return this.time;
    }

    setTimer(when: number, cb: () => void): Disposable {
      const timer = { when, cb };
      if (when <= this.time) cb();
      else this.timers.push(timer);
      return { [Symbol.dispose]: () => void (this.timers = this.timers.filter((t) => t !== timer)) };
    }

    to(time: number): void {
      this.time = time;
      for (const t of [...this.timers].sort((a, b) => a.when - b.when)) {
        if (t.when > time || !this.timers.includes(t)) continue;
        this.timers = this.timers.filter((x) => x !== t);
        t.cb();
      }
    }
  }

  class Entry implements Timed {
    order = -1;
    when = 0;
    fired = 0;
    fire(): void {
      this.fired++;
    }
  }

  it('serves the kernel', async () => {
    const clock = new PlainClock();
    const ended = run(
      async () => {
        expect(await moveOnAfter(10, () => sleep(100), { fallback: 'moved on' })).toBe('moved on');
        expect(now()).toBe(10);
        await sleep(5);
        return now();
      },
      { clock, signals: false },
    );
    for (let t = 1; t <= 20; t++) {
      await new Promise((r) => setImmediate(r));
      clock.to(t);
    }
    expect(await ended).toBe(15);
    expect(clock.timers).toEqual([]);
  });

  it('may be armed, disarmed and armed again', () => {
    const plain = new PlainClock();
    const clock = toTimerClock(plain);
    const entry = new Entry();
    entry.when = 5;
    clock.disarm(entry);
    clock.arm(entry);
    clock.disarm(entry);
    plain.to(6);
    expect([entry.fired, entry.order]).toEqual([0, -1]);
    entry.when = 9;
    clock.arm(entry);
    plain.to(9);
    expect([entry.fired, entry.order, plain.timers.length]).toEqual([1, -1, 0]);
    clock.disarm(entry);
    clock.setTimer(10, () => entry.fire());
    plain.to(10);
    expect([entry.fired, clock.now()]).toEqual([2, 10]);
  });

  it('may call back at once for a deadline that has passed', () => {
    const plain = new PlainClock();
    plain.time = 100;
    const clock = toTimerClock(plain);
    const entry = new Entry();
    clock.arm(entry);
    expect([entry.fired, entry.order]).toEqual([1, -1]);
    clock.disarm(entry);
    entry.when = Infinity;
    clock.arm(entry);
    expect([entry.fired, entry.order, plain.timers.length]).toEqual([1, -1, 0]);
  });

  it('a clock of the kernel is taken as it is', () => {
    const clock = new MockClock();
    expect(toTimerClock(clock)).toBe(clock);
  });
});

it('startTimer makes an entry for callers outside the kernel', async () => {
  const clock = new MockClock();
  const log: number[] = [];
  startTimer(clock, 2, () => log.push(2));
  startTimer(clock, 1, () => log.push(1))[Symbol.dispose]();
  await clock.jump(3);
  expect(log).toEqual([2]);
});
