import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reportText } from '../../src/cli/report-text.ts';
import type { Ranking } from '../../src/cli/ranking.ts';
import { plain } from '../support/cli.ts';

const where = { fn: 'render', file: join(process.cwd(), 'src/a.ts'), line: 8, column: 3 };
const block = {
  v: 1, type: 'block', pid: 7, thread: 0, start: 0, end: 135, ms: 135, threshold: 100, cause: 'javascript', confidence: 'exact',
  callbacks: 1, cpu: { run: 1, runQueue: 0, gc: 0 }, samples: 3, seen: 1,
} as const; // prettier-ignore
const ranking: Ranking = {
  count: 3,
  total: 1400,
  max: 1135,
  lines: [
    {
      where: { ...where, native: 'fs.readFileSync' },
      count: 2,
      total: 1270,
      max: 1135,
      tasks: ['a', 'b', 'c', 'd'],
      causes: { native: 1, 'sync-wait': 3 },
    },
    { count: 1, total: 130, max: 130, tasks: [], causes: { gc: 1 } },
  ],
  blocks: [
    { ...block, where, task: { id: 1, name: 'invoice' } },
    { ...block, start: 1000, ms: 1135, type: 'still-blocked', confidence: 'near', where, thread: 2 },
    { ...block, start: 2000, cause: 'gc' },
  ],
};

test('the summary, the ranked lines, then each block', () => {
  expect(reportText(ranking, plain)).toBe(
    [
      '3 blocks of the loop, 1400 ms in all, the longest 1135 ms',
      '',
      'COUNT     TOTAL       MAX   LINE                                   TASKS                      CAUSES',
      '    2   1270 ms   1135 ms   src/a.ts:8 render in fs.readFileSync   "a", "b", "c" and 1 more   sync-wait 3, native 1',
      '    1    130 ms    130 ms   (no line)                              -                          gc',
      '',
      'EACH BLOCK',
      '1970-01-01T00:00:00.000Z    135 ms   javascript at src/a.ts:8 render in task "invoice"',
      '1970-01-01T00:00:01.000Z   1135 ms   javascript at src/a.ts:8 render (near) of worker 2, and it was not over',
      '1970-01-01T00:00:02.000Z    135 ms   gc',
    ].join('\n'),
  );
});

test('a log of a program that never blocked says so', () => {
  expect(reportText({ count: 0, total: 0, max: 0, lines: [], blocks: [] }, plain)).toBe(
    'no blocks: the loop was never held up for as long as the threshold',
  );
});
