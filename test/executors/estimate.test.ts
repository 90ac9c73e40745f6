import { describe, expect, it } from 'vitest';
import { Estimates } from '../../src/executors/estimate.ts';

const after = (...times: number[]): number => {
  const estimates = new Estimates();
  for (const ms of times) estimates.add(1, ms);
  return estimates.of(1);
};
const many = (ms: number, n: number): number[] => new Array<number>(n).fill(ms);

describe('Estimates', () => {
  it('know nothing of a function that has not run, whatever others did', () => {
    const estimates = new Estimates();
    estimates.add(1, 0.1);
    expect([estimates.of(1), estimates.of(2)]).toEqual([0.1, Infinity]);
  });

  it('are the maximum, which decays slowly', () => {
    expect(after(1, 2, 3)).toBe(3);
    expect(after(3, 2, 1)).toBeGreaterThan(2.5);
    expect(after(3, ...many(0.01, 1000))).toBe(0.01);
  });

  it('let a single outlier pass: a busy machine interrupts any job', () => {
    expect(after(...many(0.01, 300), 4)).toBeLessThan(0.02);
    expect(after(...many(0.01, 300), 4, ...many(0.01, 300), 4)).toBeLessThan(0.02);
  });

  it('believe the second outlier: every fiftieth job is long', () => {
    expect(after(...many(0.02, 300), 40, ...many(0.02, 49), 40)).toBe(40);
    expect(after(...many(0.02, 300), 40, ...many(0.02, 49), 40, ...many(0.02, 49))).toBeGreaterThan(10);
  });

  it('follow a function that becomes slower by and by at once', () => {
    expect(after(0.1, 0.15, 0.19)).toBe(0.19);
  });
});
