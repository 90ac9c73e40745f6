import { join } from 'node:path';
import { expect, test } from 'vitest';
import { taskTableText } from '../../src/cli/ps.ts';
import type { TaskRow } from '../../src/debug/task-table.ts';
import { plain } from '../support/cli.ts';

const row = (id: number, more: Partial<TaskRow> = {}): TaskRow => ({
  id,
  name: `task-${id}`,
  state: 'running',
  waitingOn: null,
  parent: null,
  awaitedBy: [],
  stack: [],
  ...more,
});

test('a table of tasks, with what each waits for and whose it is', () => {
  expect(taskTableText([row(1, { name: 'main' }), row(12, { waitingOn: 'Queue.get', parent: 1, state: 'cancelling' })], plain)).toBe(
    [
      'ID   NAME      STATE        WAITS FOR   PARENT',
      ' 1   main      running      -           -',
      '12   task-12   cancelling   Queue.get   main (1)',
    ].join('\n'),
  );
});

test('where tasks were made is a column of its own, as soon as it is known of one', () => {
  const text = taskTableText([row(1), row(2, { createdAt: join(process.cwd(), 'src/app.ts:12:5') })], plain);
  expect(text.split('\n').map((line) => line.split(/ {3,}/).at(-1))).toEqual(['CREATED AT', '-', 'src/app.ts:12']);
});

test('no tasks are told as such, and a parent that has just ended is not invented', () => {
  expect(taskTableText([], plain)).toBe('no tasks: nothing runs inside a run()');
  expect(taskTableText([row(2, { parent: 1 })], plain)).toContain('? (1)');
});
