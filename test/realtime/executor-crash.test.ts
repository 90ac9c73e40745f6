/** Real workers that really die, many of them. One death of each kind is in the contract of the executors. */
import { describe, expect, it } from 'vitest';
import { runJobProgram } from '../support/programs.ts';

describe('workers die under load', () => {
  it.each([
    [2026, 50, 'thread'],
    [7, 15, 'process'],
  ])('every promise settles once, the right job is blamed, nothing is left (seed %i) (53, 54, 133)', async (seed, kills, kind) => {
    const { stdout, exit, stderr } = await runJobProgram('storm', { args: [String(kills), String(seed), kind] });
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

describe('workers die at random, in four ways, while two thousand jobs run', () => {
  it.each([
    ['two workers', 16, { max: 2 }],
    ['one worker, and room for one in the queue', 8, { max: 1, maxQueue: 1 }],
    ['more workers than cores, replaced now and then', 8, { max: 6, recycleAfterJobs: 200 }],
  ])('no job that did not ask for it is harmed or lost, and nothing is left: %s (53, 54, 77, 133)', async (_what, kills, options) => {
    const args = ['2000', String(kills), '7', JSON.stringify(options)];
    const { stdout, stderr, exit } = await runJobProgram('siege', { args, flags: ['--expose-gc'] });
    expect([exit, stderr]).toEqual([0, '']);
    const { deaths, ...report } = JSON.parse(stdout) as { deaths: Record<string, number> };
    expect(report).toEqual({
      jobs: 2000,
      odd: 0,
      wrong: [],
      queued: 0,
      running: 0,
      workers: 0,
      accounted: true,
      grownLittle: true,
      resources: [],
    });
    expect(Object.values(deaths).reduce((a, b) => a + b)).toBe(kills);
    expect(Object.values(deaths).filter((count) => count > 0).length).toBeGreaterThan(1);
  });
});
