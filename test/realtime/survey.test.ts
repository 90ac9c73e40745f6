/** What the survey promises about time. It needs the machine to itself. */
import { describe, expect, test } from 'vitest';
import { largeTree, pause, survey } from '../examples/survey-process.ts';

const second = 1000;

describe('Ctrl-C ends the survey within a second', () => {
  test('while walking', async () => {
    const run = survey('/');
    await run.prints('Survey of /');
    const { code, ms } = await run.interrupted('SIGINT');
    expect(code).toBe(130);
    expect(ms).toBeLessThan(second);
  });

  test.each([
    ['in the loop', 'walking: '],
    ['off the loop', /in the loop: 24 of 24 files, /],
  ])('%s', async (phase, begins) => {
    const root = largeTree();
    for (const moment of [0, 300]) {
      const run = survey(root);
      await run.prints(begins);
      await pause(moment);
      const { code, ms } = await run.interrupted('SIGINT');
      expect(code).toBe(130);
      expect(ms).toBeLessThan(second);
      expect(run.stdout).toContain(`Stopped ${phase}.`);
    }
  });
});

test('off the loop, the loop is late by less', async () => {
  const run = survey(largeTree());
  expect((await run.ended).code).toBe(0);
  const [, off, unit, inside, insideUnit] = /late by at most ([\d.]+) (m?s) instead of ([\d.]+) (m?s)/.exec(run.stdout) ?? [];
  const ms = (n: string | undefined, u: string | undefined): number => Number(n) * (u === 's' ? second : 1);
  expect(ms(off, unit)).toBeLessThan(ms(inside, insideUnit));
});
