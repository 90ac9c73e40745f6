import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogHistogram } from '../../src/executors/log-histogram.ts';

describe('LogHistogram', () => {
  it('of nothing is zeros', () => {
    expect(new LogHistogram().snapshot()).toEqual({ p50: 0, p90: 0, p99: 0, max: 0, mean: 0, count: 0 });
  });

  it('tells percentiles to about three percent, maximum and mean exactly, whatever it is given', () => {
    const durations = fc.array(fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 2e6, noNaN: true })), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(durations, (all) => {
        const histogram = new LogHistogram();
        for (const ms of all) histogram.record(ms);
        const { max, mean, count, ...percentiles } = histogram.snapshot();
        expect([count, max]).toEqual([all.length, Math.max(...all)]);
        expect(mean).toBeCloseTo(all.reduce((a, b) => a + b, 0) / all.length, 3);
        const sorted = all.toSorted((a, b) => a - b);
        for (const [share, got] of [[0.5, percentiles.p50], [0.9, percentiles.p90], [0.99, percentiles.p99]] as const) {
          const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
          expect(Math.abs(got - exact)).toBeLessThanOrEqual(exact * 0.033 + 0.001);
        } // prettier-ignore
      }),
    );
  });

  it('takes what is too short or too long', () => {
    const histogram = new LogHistogram();
    const month = 30 * 24 * 3600_000;
    for (const ms of [0, 1e-9, month, month]) histogram.record(ms);
    const { count, p50, p99, max } = histogram.snapshot();
    expect([count, p50, max]).toEqual([4, 0, month]);
    expect(p99).toBeGreaterThan(2_000_000); // half an hour or more is all that is known of it
  });

  it('is a frozen record of that moment', () => {
    const histogram = new LogHistogram();
    const before = histogram.snapshot();
    histogram.record(1);
    expect([before.count, Object.isFrozen(before)]).toEqual([0, true]);
  });
});
