/** Real workers that really die, many of them. One death of each kind is in the contract of the executors. */
import { describe, expect, it } from 'vitest';
import { runJobProgram } from '../support/programs.ts';

describe('two hundred workers die under load', () => {
  it.each([1, 2026])('every promise settles once, the right job is blamed, nothing is left (seed %i) (53, 54, 133)', async (seed) => {
    const { stdout, exit, stderr } = await runJobProgram('storm', { args: ['100', String(seed)] });
    expect([exit, stdout.split('\n').length]).toEqual([0, 2]);
    expect(JSON.parse(stdout)).toEqual({
      jobs: expect.any(Number) as number,
      odd: 0,
      wrong: [],
      harmless: expect.any(Number) as number,
      accounted: true,
      workers: 0,
      running: 0,
      queued: 0,
      harmedFew: true,
    });
    // Deaths between jobs are reported, and nothing else is.
    for (const line of stderr.split('\n')) if (/^\w/.test(line)) expect(line).toContain('A worker of storm died between jobs');
  });
});

describe('a hundred thousand queued jobs that are cancelled', () => {
  it('leave nothing behind, whatever their options were', async () => {
    const { stdout, stderr, exit } = await runJobProgram('memory', { flags: ['--expose-gc'] });
    expect([exit, stderr]).toEqual([0, '']);
    const left = JSON.parse(stdout) as Record<string, number>;
    expect(Object.keys(left)).toEqual(['plain', 'priorities', 'keys', 'limits']);
    for (const megabytes of Object.values(left)) expect(megabytes).toBeLessThan(8); // they take about 60 while they wait
  });
});
