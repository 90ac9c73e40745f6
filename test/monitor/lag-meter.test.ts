import { expect, test } from 'vitest';
import { Heartbeat } from '../../src/monitor/heartbeat.ts';
import { LagMeter } from '../../src/monitor/lag-meter.ts';
import type { LagNote } from '../../src/monitor/told.ts';

function stage({ known = true } = {}) {
  const beats = new Heartbeat();
  const time = { run: 0, queued: 0 };
  const it = { now: 1000, notes: [] as LagNote[] };
  beats.beat(it.now);
  const options = {
    clock: () => it.now,
    threadTime: () => (known ? { ...time } : null),
    threshold: 100,
    heartbeat: 25,
    date: () => Math.round(it.now),
  };
  const meter = new LagMeter(beats, options);
  /** Beats every 25 ms; the last beat is as late as told. */
  const pass = (ms: number, late = 0): void => {
    for (const end = it.now + ms; it.now < end;) {
      it.now += 25;
      const own = it.now >= end ? late : 0.5;
      it.now += own;
      beats.beat(it.now);
      beats.noteLag(own, 5 + own);
      time.run += 4;
      time.queued += 1;
      it.notes.push(...meter.tick());
    }
  };
  return Object.assign(it, { beats, meter, pass });
}

test('a second in which the loop was late is a figure of its own, with what the thread did', () => {
  const it = stage();
  it.pass(1000, 80);
  expect(it.notes).toHaveLength(1);
  const [{ delay, busy, run, runQueue, gc, start, end }] = it.notes as [LagNote];
  expect([delay.max, run, runQueue, gc]).toEqual([80, 160, 40, 0]);
  expect(delay.mean).toBeGreaterThan(1);
  expect(busy).toBeCloseTo(299.5, 0);
  expect(end - start).toBeGreaterThanOrEqual(1000);
});

test('quiet seconds are one figure a minute, told also when something happens or it ends', () => {
  const it = stage();
  it.pass(30_000);
  expect(it.notes).toEqual([]);
  it.pass(40_000);
  expect(it.notes).toHaveLength(1);
  expect(it.notes[0]!.delay.max).toBe(0.5);
  it.pass(5000, 60);
  it.pass(1000);
  expect(it.notes.map(({ delay }) => delay.max)).toEqual([0.5, 0.5, 60]);
  it.pass(3000);
  expect([it.meter.flush().length, it.meter.flush().length]).toEqual([1, 0]);
});

test('a stretch is not closed while the loop is blocked, so that a block counts where it was', () => {
  const it = stage();
  it.pass(500);
  it.now += 5000;
  expect(it.meter.tick()).toEqual([]);
  it.beats.beat(it.now);
  it.beats.noteLag(4975, 5000);
  const [note] = it.meter.tick() as [LagNote];
  expect(note.delay.max).toBe(4975);
  expect(note.busy).toBeGreaterThan(5000);
  expect(note.busy).toBeLessThanOrEqual(note.end - note.start);
});

test('what the system does not tell is null', () => {
  const it = stage({ known: false });
  it.pass(1000, 50);
  expect(it.notes[0]).toMatchObject({ run: null, runQueue: null });
});

test('stretches follow each other without holes', () => {
  const it = stage();
  for (const late of [50, 0, 70, 0, 0, 90]) it.pass(1000, late);
  const all = [...it.notes, ...it.meter.flush()];
  expect(all.length).toBeGreaterThan(3);
  all.slice(1).forEach(({ start }, i) => expect(Math.abs(start - all[i]!.end)).toBeLessThanOrEqual(1));
});
