import { describe, expect, it } from 'vitest';
import { Durations } from '../../src/executors/percentiles.ts';

describe('Durations', () => {
  it('of nothing are zeros', () => {
    expect(new Durations().snapshot()).toEqual({ p50: 0, p90: 0, p99: 0, max: 0, mean: 0, count: 0 });
  });

  it('are told in milliseconds, to three figures', () => {
    const durations = new Durations();
    for (let ms = 1; ms <= 100; ms++) durations.record(ms);
    const { p50, p90, p99, max, mean, count } = durations.snapshot();
    expect(count).toBe(100);
    for (const [got, expected] of [[p50, 50], [p90, 90], [p99, 99], [max, 100], [mean, 50.5]] as const) {
      expect(Math.abs(got - expected)).toBeLessThanOrEqual(expected * 0.002);
    } // prettier-ignore
  });

  it('may be very short or very long', () => {
    const durations = new Durations();
    for (const ms of [0, 1e-9, 0.0123, 30 * 24 * 3600_000]) durations.record(ms);
    const { count, p50, max } = durations.snapshot();
    expect(count).toBe(4);
    expect(p50).toBeLessThan(0.02);
    expect(max).toBeGreaterThan(29 * 24 * 3600_000);
  });

  it('are a frozen record of that moment', () => {
    const durations = new Durations();
    const before = durations.snapshot();
    durations.record(1);
    expect(Object.isFrozen(durations.snapshot())).toBe(true);
    expect(before.count).toBe(0);
  });
});
