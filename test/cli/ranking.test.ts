import { expect, test } from 'vitest';
import { rank } from '../../src/cli/ranking.ts';
import type { BlockLine } from '../../src/report/model.ts';

let start = 1000;
const block = (ms: number, more: Partial<BlockLine> = {}): BlockLine => {
  start += 10_000;
  return {
    v: 1, type: 'block', pid: 7, thread: 0, start, end: start + ms, ms, threshold: 100, cause: 'javascript', confidence: 'exact',
    callbacks: 1, cpu: { run: ms, runQueue: 0, gc: 0 }, samples: 3, seen: 1, ...more,
  }; // prettier-ignore
};
const at = (fn: string, line = 1): Pick<BlockLine, 'where'> => ({ where: { fn, file: '/app/a.ts', line, column: 5 } });
const by = (name: string): Pick<BlockLine, 'task'> => ({ task: { id: 1, name } });

test('lines are ranked by the time they took in all', () => {
  const lines = [block(100, at('often')), block(300, at('once', 9)), block(110, at('often')), block(150, at('often'))];
  const { count, total, max, lines: ranked } = rank(lines);
  expect({ count, total, max }).toEqual({ count: 4, total: 660, max: 300 });
  expect(ranked.map(({ where, count, total, max }) => [where?.fn, count, total, max])).toEqual([
    ['often', 3, 360, 150],
    ['once', 1, 300, 300],
  ]);
});

test('tasks and causes are counted, the most frequent first', () => {
  const lines = [
    block(1, { ...at('f'), ...by('a') }),
    block(1, { ...at('f'), ...by('b'), cause: 'gc' }),
    block(1, { ...at('f'), ...by('b') }),
  ];
  expect(rank(lines).lines).toMatchObject([{ tasks: ['b', 'a'], causes: { javascript: 2, gc: 1 } }]);
});

test('a native call is told apart from the line that makes it, and blocks without a line stand together', () => {
  const native = { where: { ...at('f').where!, native: 'fs.readFileSync' } };
  expect(rank([block(3, at('f')), block(2, native), block(1), block(1)]).lines.map(({ where, count }) => [where?.native, count])).toEqual([
    [undefined, 1],
    ['fs.readFileSync', 1],
    [undefined, 2],
  ]);
});

test('a block told of while it lasted counts once: when it was over, else as far as it is known', () => {
  const whole = block(5000, at('slow'));
  const during = (ms: number): BlockLine => ({ ...whole, type: 'still-blocked', ms, end: whole.start + ms });
  expect(rank([during(1000), during(4000), whole])).toMatchObject({ count: 1, total: 5000 });
  expect(rank([during(1000), during(4000)])).toMatchObject({ count: 1, total: 4000, blocks: [{ type: 'still-blocked' }] });
  const otherThread = { ...during(1000), thread: 2 };
  expect(rank([otherThread, whole])).toMatchObject({ count: 2 });
});

test('blocks stand in the order in which they began; other lines of a log are none', () => {
  const [first, second] = [block(1), block(1)];
  const end = { v: 1, type: 'end', pid: 7, thread: 0, at: 1 } as const;
  expect(rank([second, end, first]).blocks).toEqual([first, second]);
  expect(rank([end])).toEqual({ count: 0, total: 0, max: 0, lines: [], blocks: [] });
});
