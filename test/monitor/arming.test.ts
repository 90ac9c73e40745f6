import { expect, test } from 'vitest';
import { Arming } from '../../src/monitor/arming.ts';
import type { Beat } from '../../src/monitor/heartbeat.ts';

/** Looks whenever it is told to, at a thread that beats as `beatAt` says; returns the times of events. */
function watch(arming: Arming, until: number, beatAt: (now: number) => Beat) {
  const probes: number[] = [];
  const began: number[] = [];
  const ended: number[] = [];
  let looks = 0;
  for (let now = 0; now < until; looks++) {
    const look = arming.look(now, beatAt(now));
    if (look.ended) ended.push(now);
    if (look.began) began.push(now);
    if (look.probe) probes.push(now);
    now += look.wait;
  }
  return { probes, began, ended, looks };
}

const every = (ms: number) => (now: number) => ({ count: Math.floor(now / ms), at: Math.floor(now / ms) * ms });

test('while the loop beats nothing is asked, and the watchdog looks about once in T − H', () => {
  const seen = watch(new Arming({ threshold: 100, heartbeat: 25 }), 10_000, every(25));
  expect(seen).toMatchObject({ probes: [], began: [], ended: [] });
  expect(seen.looks).toBeLessThan(210);
});

test.each([
  [100, 25, 0],
  [100, 25, 24],
  [20, 5, 0],
  [20, 5, 4.9],
])('a block of exactly T=%d (H=%d) that begins %d ms after a beat is asked about before it ends', (threshold, heartbeat, after) => {
  const blockEnd = 1000 + after + threshold;
  const beats = (now: number): Beat =>
    now < 1000 ? every(heartbeat)(now) : now < blockEnd ? { count: 1e6, at: 1000 } : { count: 1e6 + 1, at: blockEnd };
  const { probes } = watch(new Arming({ threshold, heartbeat }), blockEnd, beats);
  expect(probes.length).toBeGreaterThanOrEqual(1);
  expect(Math.min(...probes)).toBeLessThan(blockEnd);
});

test('sixteen times every 10 ms, then at doubling steps, at most 64 ms apart', () => {
  const { probes, began } = watch(new Arming({ threshold: 100, heartbeat: 25 }), 1000, () => ({ count: 1, at: 0 }));
  expect(began).toEqual([75]);
  const steps = probes.slice(1).map((at, i) => at - probes[i]!);
  expect(steps.slice(0, 15)).toEqual(Array(15).fill(10));
  expect(steps.slice(15, 20)).toEqual([10, 20, 40, 64, 64]);
});

test('a stall ends with the next beat; a second one right after it is a stall of its own', () => {
  const arming = new Arming({ threshold: 100, heartbeat: 25 });
  arming.look(80, { count: 1, at: 0 });
  expect(arming.look(200, { count: 2, at: 110 })).toMatchObject({ ended: true, began: { count: 2 }, probe: true });
  expect(arming.look(210, { count: 3, at: 205 })).toEqual({ ended: true, probe: false, wait: 70 });
});
