import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TokenBucket } from '../../src/resilience/token-bucket.ts';

it('begins full, is emptied at once, and fills evenly', () => {
  const bucket = new TokenBucket(3, 1000, 3);
  expect(bucket.available(5)).toBe(3);
  for (let i = 0; i < 3; i++) bucket.take(1, 5);
  expect([bucket.available(5), bucket.readyAt(1, 5)]).toEqual([0, 5 + 1000 / 3]);
  expect([bucket.readyAt(2, 5), bucket.readyAt(3, 5)]).toEqual([5 + 2000 / 3, 1005]);
  expect([bucket.available(338), bucket.available(339), bucket.available(1005), bucket.available(9e9)]).toEqual([0, 1, 3, 3]);
});

it('does not drift: after a million tokens, each taken late, the next is due exactly where arithmetic has it', () => {
  const bucket = new TokenBucket(7, 1000, 2);
  bucket.take(1, 0);
  bucket.take(1, 0);
  let now = 0;
  for (let i = 1; i <= 1_000_000; i++) {
    now = bucket.readyAt(1, now) + 0.3;
    bucket.take(1, now);
  }
  expect(bucket.readyAt(1, now)).toBe((1_000_001 * 1000) / 7);
});

it('of one token counts from when that was taken: two are never closer than the rate allows', () => {
  const bucket = new TokenBucket(10, 1000, 1);
  bucket.take(1, 0);
  bucket.take(1, 103);
  expect(bucket.readyAt(1, 103)).toBe(203);
});

it('in no stretch of time does it admit more than the burst and the rate, and it never makes wait who need not', () => {
  const request = fc.record({ weight: fc.integer({ min: 1, max: 5 }), rest: fc.nat({ max: 900 }), late: fc.nat({ max: 3 }) });
  const shape = fc.record({ rate: fc.double({ min: 0.1, max: 20, noNaN: true }), burst: fc.integer({ min: 5, max: 12 }) });
  fc.assert(
    fc.property(shape, fc.array(request, { maxLength: 40 }), ({ rate, burst }, requests) => {
      const bucket = new TokenBucket(rate, 1000, burst);
      const taken: { at: number; weight: number }[] = [];
      let now = 0;
      for (const { weight, rest, late } of requests) {
        now += rest;
        const free = bucket.available(now);
        expect(bucket.readyAt(weight, now) <= now).toBe(weight <= free);
        const ready = Math.max(now, bucket.readyAt(weight, now));
        if (ready > now && ready - 0.01 > now) expect(bucket.readyAt(weight, ready - 0.01)).toBeGreaterThan(ready - 0.01);
        now = ready + late;
        expect(bucket.readyAt(weight, now)).toBeLessThanOrEqual(now);
        bucket.take(weight, now);
        taken.push({ at: now, weight });
      }
      for (let i = 0; i < taken.length; i++) {
        let sum = 0;
        for (let j = i; j < taken.length; j++) {
          const [from, to] = [taken[i] as { at: number }, taken[j] as { at: number; weight: number }];
          sum += to.weight;
          expect(sum).toBeLessThanOrEqual(burst + ((to.at - from.at) * rate) / 1000 + 1e-6);
        }
      }
    }),
    { numRuns: 300 },
  );
});
