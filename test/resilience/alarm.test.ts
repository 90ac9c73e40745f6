import { expect, it } from 'vitest';
import { realClock } from '../../src/base/clock.ts';
import { sleep } from '../../src/core/sleep.ts';
import { Alarm } from '../../src/resilience/alarm.ts';
import { MockClock } from '../../src/testing/mock-clock.ts';
import { virtually } from '../support/virtual.ts';

it('rings once, at the time it was set to last', () =>
  virtually(async ({ clock }) => {
    const rung: number[] = [];
    const alarm = new Alarm(() => rung.push(clock.now()));
    alarm.set(clock, 10, true);
    alarm.set(clock, 30, true);
    alarm.set(clock, 20, true);
    await sleep(100);
    expect(rung).toEqual([20]);
    alarm.set(clock, 120, true);
    alarm.set(clock, 120, true);
    alarm.clear();
    alarm.clear();
    await sleep(100);
    expect(rung).toEqual([20]);
  }));

it('may be set again while it rings, also to the same time', () =>
  virtually(async ({ clock }) => {
    let rung = 0;
    const alarm: Alarm = new Alarm(() => ++rung < 3 && alarm.set(clock, 10, true));
    alarm.set(clock, 10, true);
    await sleep(50);
    expect(rung).toBe(3);
  }));

it('moves from one clock to another, and leaves nothing on the first', async () => {
  const clocks = [new MockClock(), new MockClock()] as const;
  let rung = 0;
  const alarm = new Alarm(() => rung++);
  alarm.set(clocks[0], 10, true);
  alarm.set(clocks[1], 10, true);
  await clocks[0].jump(20);
  expect(rung).toBe(0);
  await clocks[1].jump(20);
  expect(rung).toBe(1);
});

it('set to Infinity never rings, and keeps nothing alive', () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((r) => r === 'Timeout').length;
  const before = timers();
  const alarm = new Alarm(() => {});
  alarm.set(realClock, Infinity, true);
  expect(timers()).toBe(before);
  alarm.set(realClock, realClock.now() + 60_000, false);
  expect(timers()).toBe(before);
  alarm.clear();
  alarm.set(realClock, realClock.now() + 60_000, true);
  expect(timers()).toBe(before + 1);
  alarm.clear();
  expect(timers()).toBe(before);
});
