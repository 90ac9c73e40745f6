import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RealClock, toTimerClock } from '../../src/base/clock.ts';
import type { Timed } from '../../src/base/timers.ts';

/** Whether the Node timers that exist would keep the process alive. */
let timers: Set<NodeJS.Timeout>;
const keptAlive = (): boolean => [...timers].some((t) => t.hasRef());

class Entry implements Timed {
  order = -1;
  when: number;
  readonly #fired: string[];
  readonly #name: string;
  constructor(when: number, fired: string[] = [], name = '') {
    this.when = when;
    this.#fired = fired;
    this.#name = name;
  }
  fire(): void {
    this.#fired.push(this.#name);
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  timers = new Set();
  const { setTimeout: fakeSet, clearTimeout: fakeClear } = globalThis;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((cb: () => void, ms: number) => {
    const timer = fakeSet(() => {
      timers.delete(timer);
      cb();
    }, ms);
    timers.add(timer);
    return timer;
  }) as typeof setTimeout);
  vi.spyOn(globalThis, 'clearTimeout').mockImplementation((timer) => {
    timers.delete(timer as NodeJS.Timeout);
    fakeClear(timer as NodeJS.Timeout);
  });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('setRef', () => {
  it('off lets the process end while the entry is armed; on keeps it again', () => {
    const clock = new RealClock();
    const entry = new Entry(clock.now() + 10);
    clock.arm(entry);
    expect(keptAlive()).toBe(true);
    clock.setRef(entry, false);
    clock.setRef(entry, false);
    expect(keptAlive()).toBe(false);
    clock.setRef(entry, true);
    expect(keptAlive()).toBe(true);
    clock.disarm(entry);
    expect(keptAlive()).toBe(false);
  });

  it('the process lives as long as any other entry is armed, earlier or later', () => {
    const clock = new RealClock();
    const [early, middle, late] = [new Entry(10), new Entry(20), new Entry(30)].map((e) => (clock.arm(e), e)) as [Entry, Entry, Entry];
    clock.setRef(middle, false);
    expect(keptAlive()).toBe(true);
    clock.disarm(early);
    expect(keptAlive()).toBe(true);
    clock.disarm(late);
    expect(keptAlive()).toBe(false);
    clock.arm(late);
    expect(keptAlive()).toBe(true);
    clock.disarm(late);
    clock.arm(early);
    expect(keptAlive()).toBe(true);
    clock.disarm(middle);
    expect(keptAlive()).toBe(true);
  });

  it('an unreferenced entry fires all the same, in its turn', () => {
    const clock = new RealClock();
    const fired: string[] = [];
    const [a, b] = [new Entry(clock.now() + 10, fired, 'a'), new Entry(clock.now() + 10, fired, 'b')];
    clock.arm(a);
    clock.arm(b);
    clock.setRef(a, false);
    vi.advanceTimersByTime(20);
    expect([fired, keptAlive(), timers.size]).toEqual([['a', 'b'], false, 0]);
  });

  it('holds when the Node timer is set anew: after a chained wait, or when an earlier entry has fired', () => {
    const clock = new RealClock();
    const fired: string[] = [];
    const far = new Entry(clock.now() + 2 ** 32, fired, 'far');
    clock.arm(far);
    clock.setRef(far, false);
    clock.arm(new Entry(clock.now() + 10, fired, 'near'));
    expect(keptAlive()).toBe(true);
    vi.advanceTimersByTime(11);
    expect([fired, keptAlive(), timers.size]).toEqual([['near'], false, 1]);
    vi.advanceTimersByTime(2 ** 31);
    expect([fired, keptAlive(), timers.size]).toEqual([['near'], false, 1]);
    vi.advanceTimersByTime(2 ** 32);
    expect(fired).toEqual(['near', 'far']);
  });

  it('is forgotten with the entry: armed again, it keeps the process alive', () => {
    const clock = new RealClock();
    const entry = new Entry(clock.now() + 10);
    for (const end of [() => clock.disarm(entry), () => vi.advanceTimersByTime(50)]) {
      entry.when = clock.now() + 10;
      clock.arm(entry);
      expect(keptAlive()).toBe(true);
      clock.setRef(entry, false);
      end();
    }
  });

  it('does nothing for an entry that is not armed', () => {
    const clock = new RealClock();
    const [other, idle] = [new Entry(clock.now() + 10), new Entry(clock.now() + 10)];
    clock.arm(other);
    clock.setRef(idle, false);
    expect(keptAlive()).toBe(true);
    const never = new Entry(Infinity);
    clock.arm(never);
    clock.setRef(never, false);
    expect(keptAlive()).toBe(true);
  });

  it('holds when a callback throws', () => {
    const clock = new RealClock();
    const far = new Entry(clock.now() + 100);
    clock.arm(far);
    clock.setRef(far, false);
    clock.setTimer(clock.now() + 5, () => {
      throw new Error('planned');
    });
    expect(() => vi.advanceTimersByTime(10)).toThrow('planned');
    expect([keptAlive(), timers.size]).toEqual([false, 1]);
  });

  it('is not asked of a clock that only knows setTimer', () => {
    expect(toTimerClock({ now: () => 0, setTimer: () => ({ [Symbol.dispose]: () => {} }) }).setRef).toBeUndefined();
  });
});
