import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SlidingWindow } from '../../src/resilience/sliding-window.ts';

it('admits again exactly when the oldest leaves the window', () => {
  const window = new SlidingWindow(2, 100);
  window.take(1, 0);
  window.take(1, 60);
  expect([window.readyAt(1, 60), window.readyAt(1, 99.9), window.available(99.9)]).toEqual([100, 100, 0]);
  expect([window.readyAt(1, 100), window.available(100), window.available(160)]).toEqual([100, 1, 2]);
});

it('no window of that length ever sees more than the rate, and whoever fits is not kept waiting', () => {
  const request = fc.record({ weight: fc.integer({ min: 1, max: 4 }), rest: fc.oneof(fc.nat({ max: 120 }), fc.constant(0)) });
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 8 }), fc.array(request, { maxLength: 60 }), (rate, requests) => {
      const window = new SlidingWindow(rate, 100);
      const taken: { at: number; weight: number }[] = [];
      let now = 0;
      for (const { weight, rest } of requests) {
        now += rest;
        for (let steps = 0; window.readyAt(weight, now) > now; steps++) {
          expect(steps).toBeLessThan(taken.length + 1);
          const seen = taken.filter((t) => t.at > now - 100).reduce((sum, t) => sum + t.weight, 0);
          expect(seen + weight).toBeGreaterThan(rate);
          now = window.readyAt(weight, now);
        }
        window.take(weight, now);
        taken.push({ at: now, weight });
        expect(window.available(now)).toBe(rate - taken.filter((t) => t.at > now - 100).reduce((sum, t) => sum + t.weight, 0));
      }
      for (const { at: from } of taken) {
        const seen = taken.filter((t) => t.at >= from && t.at < from + 100).reduce((sum, t) => sum + t.weight, 0);
        expect(seen).toBeLessThanOrEqual(rate);
      }
    }),
    { numRuns: 300 },
  );
});
