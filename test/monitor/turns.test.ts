import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { clock } from '../../src/monitor/hub.ts';
import { Turns } from '../../src/monitor/turns.ts';

test('it knows when the loop last came back from waiting, and how long that had been', async () => {
  const turns = new Turns();
  await delay(10);
  const asked = clock();
  await delay(40);
  const { from, to, idle } = turns.last;
  turns.end();
  expect(to).toBeGreaterThan(asked + 20);
  expect(to).toBeLessThanOrEqual(clock());
  expect(from).toBeLessThan(to);
  expect(idle).toBeLessThanOrEqual(to - from + 0.5);
});

test('after its end it learns nothing more', async () => {
  const turns = new Turns();
  await delay(10);
  turns.end();
  const last = turns.last;
  await delay(20);
  expect(turns.last).toEqual(last);
});
