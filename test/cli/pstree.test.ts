import { expect, test } from 'vitest';
import { findCycles, taskTreeText } from '../../src/cli/pstree.ts';
import type { TaskRow } from '../../src/debug/task-table.ts';
import { plain } from '../support/cli.ts';

const row = (id: number, name: string, parent: number | null, more: Partial<TaskRow> = {}): TaskRow => ({
  id,
  name,
  state: 'running',
  waitingOn: null,
  parent,
  awaitedBy: parent === null ? [] : [parent],
  stack: [],
  ...more,
});

test('each task stands under the one that answers for it, with the lines where it waits', () => {
  const rows = [
    row(1, 'main', null, { waitingOn: 'task group "g"', stack: ['main (/a.ts:1:1)'] }),
    row(2, 'reader', 1, { waitingOn: 'Queue.get', stack: ['get (/a.ts:5:1)', 'reader (/a.ts:4:1)'] }),
    row(3, 'outer', 1),
    row(4, 'inner', 3),
    row(5, 'orphan', 99),
  ];
  expect(taskTreeText(rows, plain)).toBe(
    [
      '├── #1 "main", running, waits for task group "g"',
      '│   │   at main (/a.ts:1:1)',
      '│   ├── #2 "reader", running, waits for Queue.get',
      '│   │       at get (/a.ts:5:1)',
      '│   │       at reader (/a.ts:4:1)',
      '│   └── #3 "outer", running',
      '│       └── #4 "inner", running',
      '└── #5 "orphan", running',
    ].join('\n'),
  );
});

test('tasks that wait for each other are told once', () => {
  const rows = [row(1, 'main', null), row(2, 'hen', 1, { awaitedBy: [1, 3] }), row(3, 'egg', 1, { awaitedBy: [1, 2] })];
  expect(findCycles(rows).map((cycle) => cycle.map(({ id }) => id))).toEqual([[3, 2]]);
  expect(taskTreeText(rows, plain)).toContain(
    'These tasks wait for each other, and none will go on:\n  #3 "egg" waits for #2 "hen" waits for #3 "egg"',
  );
});

test('a task that waits for itself through its parent, two circles, and none', () => {
  expect(findCycles([row(1, 'main', null, { awaitedBy: [2] }), row(2, 'child', 1)])).toHaveLength(1);
  const two = [row(1, 'a', null, { awaitedBy: [2] }), row(2, 'b', null, { awaitedBy: [1] }), row(3, 'c', null, { awaitedBy: [3] })];
  expect(findCycles(two)).toHaveLength(2);
  expect(findCycles([row(1, 'main', null), row(2, 'x', 1), row(3, 'y', 1, { awaitedBy: [1, 2] })])).toEqual([]);
});

test('no tasks are told as such', () => {
  expect(taskTreeText([], plain)).toBe('no tasks: nothing runs inside a run()');
});
