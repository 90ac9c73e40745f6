import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimerQueue } from '../../src/base/timers.ts';
import type { Timed } from '../../src/base/timers.ts';

class Entry implements Timed {
  order = -1;
  when: number;
  readonly id: number;

  constructor(id: number, when = 0) {
    this.id = id;
    this.when = when;
  }

  fire(): void {}
}

function drain(queue: TimerQueue, now: number): Entry[] {
  const due: Entry[] = [];
  for (let e = queue.takeDue(now); e !== null; e = queue.takeDue(now)) due.push(e as Entry);
  return due;
}

const ids = (entries: Entry[]): number[] => entries.map((e) => e.id);

describe('the timer queue', () => {
  it('gives out what is due by deadline, then by order of arming', () => {
    const queue = new TimerQueue();
    for (const [id, when] of [3, 1, 2, 1, 3, 1].entries()) queue.add(new Entry(id, when));
    expect(ids(drain(queue, 2))).toEqual([1, 3, 5, 2]);
    expect(queue.nextDeadline()).toBe(3);
    expect(ids(drain(queue, 3))).toEqual([0, 4]);
    expect(queue.nextDeadline()).toBe(Infinity);
  });

  it('marks an entry it gave out as not armed, so that it may be armed again', () => {
    const queue = new TimerQueue();
    const entry = new Entry(1, 5);
    queue.add(entry);
    expect(queue.live).toBe(1);
    queue.takeDue(5);
    expect([entry.order, queue.live]).toEqual([-1, 0]);
    queue.remove(entry);
    queue.add(entry);
    expect(queue.takeDue(5)).toBe(entry);
  });

  it('never arms an entry that is due at Infinity', () => {
    const queue = new TimerQueue();
    const never = new Entry(1, Infinity);
    queue.add(never);
    expect([queue.live, queue.nextDeadline(), never.order]).toEqual([0, Infinity, -1]);
    queue.remove(never);
    expect(queue.takeDue(Infinity)).toBeNull();
  });

  it('can leave out what was armed after a certain moment', () => {
    const queue = new TimerQueue();
    queue.add(new Entry(1, 5));
    const armed = queue.armed;
    queue.add(new Entry(2, 5));
    expect((queue.takeDue(5, armed) as Entry).id).toBe(1);
    expect(queue.takeDue(5, armed)).toBeNull();
    expect((queue.takeDue(5) as Entry).id).toBe(2);
  });

  it('keeps the order of the others when an entry is moved to another deadline', () => {
    const queue = new TimerQueue();
    const moved = new Entry(0, 10);
    queue.add(new Entry(5, 5));
    queue.add(moved);
    for (const when of [20, 11, 12]) queue.add(new Entry(when, when));
    queue.remove(moved);
    moved.when = 100;
    queue.add(moved);
    expect(ids(drain(queue, 1000))).toEqual([5, 11, 12, 20, 0]);
  });

  it('fires in order of deadline and arming, never a removed one, whatever is armed, moved and removed in between', () => {
    const id = fc.nat({ max: 11 });
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('arm' as const), id, when: fc.nat({ max: 40 }) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), id }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat({ max: 6 }) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const queue = new TimerQueue();
        const entries = Array.from({ length: 12 }, (_, i) => new Entry(i));
        let model: { id: number; when: number; seq: number }[] = [];
        let now = 0;
        let seq = 0;
        for (const s of steps) {
          if (s.kind === 'pass') {
            now += s.ms;
            const due = model.filter((m) => m.when <= now).sort((a, b) => a.when - b.when || a.seq - b.seq);
            expect(ids(drain(queue, now))).toEqual(due.map((m) => m.id));
            model = model.filter((m) => m.when > now);
          } else {
            const entry = entries[s.id]!;
            queue.remove(entry);
            model = model.filter((m) => m.id !== s.id);
            if (s.kind === 'arm') {
              entry.when = now + s.when;
              queue.add(entry);
              model.push({ id: s.id, when: entry.when, seq: ++seq });
            }
          }
          expect(queue.live).toBe(model.length);
          expect(queue.nextDeadline()).toBe(Math.min(Infinity, ...model.map((m) => m.when)));
        }
        expect(ids(drain(queue, Infinity))).toEqual(model.sort((a, b) => a.when - b.when || a.seq - b.seq).map((m) => m.id));
      }),
      { numRuns: 500 },
    );
  });

  it('removes thousands without touching each other, and forgets them', () => {
    const queue = new TimerQueue();
    const entries = Array.from({ length: 20_000 }, (_, i) => new Entry(i, (i * 7919) % 20_011));
    for (const e of entries) queue.add(e);
    const kept = entries.filter((e) => e.id % 100 === 0);
    for (const e of entries) if (e.id % 100 !== 0) queue.remove(e);
    expect(queue.live).toBe(kept.length);
    expect(ids(drain(queue, Infinity))).toEqual(ids(kept.sort((a, b) => a.when - b.when)));
    for (let i = 0; i < 50_000; i++) {
      const e = entries[i % 100]!;
      queue.add(e);
      queue.remove(e);
    }
    expect([queue.live, queue.nextDeadline()]).toEqual([0, Infinity]);
  });
});
