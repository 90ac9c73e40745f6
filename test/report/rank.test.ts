import { expect, test } from 'vitest';
import { buildPageModel } from '../../src/report/build-page-model.ts';
import { rank, totalOf } from '../../src/report/rank.ts';
import { blockLine } from '../support/samples.ts';

const { where: _, task: __, ...nobody } = blockLine(900, 500, { cause: 'gc' });
const { blocks } = buildPageModel([blockLine(0, 100), blockLine(200, 300, { cause: 'native' }), nobody], [], { readSource: () => null })
  .runs[0]!;

test('the worst first, with count, total, longest and the causes', () => {
  expect(rank(blocks, 'place')).toEqual([
    { key: -1, blocks: [2], total: 500, max: 500, causes: [['gc', 500]] },
    {
      key: 0,
      blocks: [0, 1],
      total: 400,
      max: 300,
      causes: [
        ['native', 300],
        ['javascript', 100],
      ],
    },
  ]);
  expect(rank(blocks, 'task').map(({ key, total }) => [key, total])).toEqual([
    [-1, 500],
    [0, 400],
  ]);
});

test('of nothing there is nothing', () => {
  expect(rank([], 'task')).toEqual([]);
  expect([totalOf([]), totalOf(blocks)]).toEqual([0, 900]);
});
