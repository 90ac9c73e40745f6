import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Beater } from '../../src/monitor/beater.ts';
import { Heartbeat } from '../../src/monitor/heartbeat.ts';
import { clock } from '../../src/monitor/hub.ts';
import { ignoreBlocks } from '../../src/monitor/ignore-blocks.ts';

const burn = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end;);
};

function start() {
  const beats = new Heartbeat();
  return { beats, beater: new Beater(beats, { heartbeat: 5, threshold: 30 }) };
}

test('it beats while the loop turns, and not after its end', async () => {
  const { beats, beater } = start();
  await delay(50);
  beater.end();
  const { count } = beats.last;
  expect(count).toBeGreaterThan(1);
  expect(beats.loopStart).toBeGreaterThan(0);
  await delay(20);
  expect(beats.last.count).toBe(count);
});

test('a pause above the threshold is noted with its times, also when nothing turns any more', async () => {
  const { beats, beater } = start();
  await delay(20);
  const seen = beats.gapCount;
  burn(60);
  beater.beat();
  beater.end();
  const gap = beats.gapsSince(seen).at(-1)!;
  expect(gap.active).toBeGreaterThanOrEqual(59);
  expect(gap.end - gap.start).toBeGreaterThanOrEqual(59);
  expect(Number.isNaN(gap.cpu) || gap.cpu > 1).toBe(true);
});

test('how much of it was to be ignored is noted too', () => {
  const { beats, beater } = start();
  ignoreBlocks(() => burn(40));
  beater.beat();
  beater.end();
  expect(beats.gapsSince(0).at(-1)!.ignored).toBeGreaterThanOrEqual(39);
});

test('whoever wants to hears of each beat, by how much it was late, and when the next is due', async () => {
  const heard: [late: number, due: number][] = [];
  const beater = new Beater(new Heartbeat(), { heartbeat: 5, threshold: 30 }, (late, due) => void heard.push([late, due]));
  await delay(60);
  burn(60);
  beater.beat();
  beater.end();
  expect(heard.length).toBeGreaterThan(2);
  expect(heard.map(([, due]) => due)).toContain(10); // an idle loop is not woken more often than it must be
  expect(heard.at(-1)![0]).toBeGreaterThanOrEqual(49);
  expect(heard.at(-1)![1]).toBe(5);
});

test('the beat of a threshold that leaves no room for it is never slower', async () => {
  const dues: number[] = [];
  const beater = new Beater(new Heartbeat(), { heartbeat: 10, threshold: 30 }, (_, due) => void dues.push(due));
  await delay(60);
  beater.end();
  expect(new Set(dues)).toEqual(new Set([10]));
});

test('an idle loop beats as seldom as its watchdog can bear', async () => {
  const dues: number[] = [];
  const beater = new Beater(new Heartbeat(), { heartbeat: 25, threshold: 100 }, (_, due) => void dues.push(due));
  await delay(150);
  beater.end();
  expect(dues.at(-1)).toBe(60); // it looks at 75
});

test('a block of a loop that was idle is told in its whole length, also while it lasts', async () => {
  const lates: number[] = [];
  const beater = new Beater(new Heartbeat(), { heartbeat: 25, threshold: 100 }, (late) => void lates.push(late));
  await delay(100);
  burn(200);
  const asked = beater.late;
  beater.beat();
  beater.end();
  expect(asked).toBeGreaterThan(195);
  expect(lates.at(-1)).toBeGreaterThanOrEqual(asked);
  expect(lates.at(-1)).toBeLessThan(400);
});

test('the beat of a busy loop is as late as it comes', async () => {
  const lates: number[] = [];
  const beater = new Beater(new Heartbeat(), { heartbeat: 25, threshold: 100 }, (late) => void lates.push(late));
  for (const end = clock() + 300; clock() < end; await delay(0)) burn(5);
  beater.end();
  expect(lates.toSorted((a, b) => a - b)[Math.floor(lates.length / 2)]).toBeLessThan(20);
});

test.skipIf(process.platform !== 'linux')('at its beginning the thread tells itself what it computed, and how long it had no CPU', () => {
  const { beats, beater } = start();
  burn(100);
  beater.beat();
  beater.end();
  const { cpu, queued } = beats.gapsSince(0).at(-1)!;
  expect(cpu + queued!).toBeGreaterThan(80);
  expect(cpu + queued!).toBeLessThan(150);
});

test('with a profile a gap tells of the last wait before it', async () => {
  const beats = new Heartbeat();
  const beater = new Beater(beats, { heartbeat: 5, threshold: 30, profiled: true });
  await delay(30);
  const start = clock();
  burn(60);
  await delay(20);
  beater.end();
  const { poll } = beats.gapsSince(0).at(-1)!;
  // Newer Nodes run the timers that are due between the wait and the immediates: there the wait is told with its timers.
  const { from, idle } = poll!;
  expect(from + idle).toBeLessThanOrEqual(start);
  expect(from + idle).toBeGreaterThan(start - 10);
});

test('what the thread did to start its watch is told to nobody', () => {
  const { beats, beater } = start();
  burn(60);
  beater.restart();
  beater.beat();
  beater.end();
  expect(beats.gapCount).toBe(0);
});
