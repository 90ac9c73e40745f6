import { describe, expect, it } from 'vitest';
import { blockLoop } from '../../src/testing/block-loop.ts';
import { refusal } from '../support/virtual.ts';

describe('blockLoop', () => {
  it('keeps everything else from running for so long', async () => {
    const ran: string[] = [];
    setImmediate(() => ran.push('immediate'));
    setTimeout(() => ran.push('timer'), 1);
    queueMicrotask(() => ran.push('microtask'));
    const began = performance.now();
    blockLoop(20);
    expect(performance.now() - began).toBeGreaterThanOrEqual(20);
    expect(ran).toEqual([]);
  });

  it('does nothing for 0', () => {
    const durations = Array.from({ length: 20 }, () => {
      const began = performance.now();
      blockLoop(0);
      return performance.now() - began;
    });
    expect(Math.min(...durations)).toBeLessThan(1); // the others may have been interrupted
  });

  it.each([NaN, -1, Infinity, '5'])('refuses %s', async (ms) => {
    expect(await refusal(() => blockLoop(ms as never))).toMatch(
      /^(Range|Type)Error .*Expected ms to be a finite number of milliseconds, 0 or more/,
    );
  });
});
