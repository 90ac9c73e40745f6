import { expect, test } from 'vitest';
import { statisticsOf } from '../../src/base/live.ts';
import { Queue } from '../../src/sync/queue.ts';
import { run } from '../../src/core/run.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { taskTable } from '../../src/debug/task-table.ts';
import '../../src/debug/set-debug.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';

/** The rows of a run with a reader of an empty queue, and one who waits for that. */
async function rows(debug: boolean): Promise<ReturnType<typeof taskTable>['tasks']> {
  return run(
    () =>
      withTaskGroup(
        async (tg) => {
          const queue = new Queue<number>();
          const reader = tg.spawn(() => queue.get(), { name: 'reader' });
          tg.spawn(() => reader.wait(), { name: 'waiter' });
          await waitAllTasksBlocked();
          const { tasks } = taskTable();
          queue.putNowait(1);
          return tasks;
        },
        { name: 'g' },
      ),
    { debug: debug ? { monitor: false } : false },
  );
}

test('each task is a row: what it waits for, whose it is, who waits for it', async () => {
  const [main, reader, waiter] = await rows(false);
  expect(main).toMatchObject({ state: 'running', parent: null, awaitedBy: [] });
  expect(reader).toMatchObject({ name: 'reader', waitingOn: 'Queue.get', parent: main!.id, stack: [] });
  expect(waiter).toMatchObject({ name: 'waiter', waitingOn: 'task "reader"', parent: main!.id });
  expect([...reader!.awaitedBy].sort((a, b) => a - b)).toEqual([main!.id, waiter!.id]);
  expect(reader).not.toHaveProperty('createdAt');
});

test('debug mode adds where a task was made and where it waits', async () => {
  const [, reader] = await rows(true);
  expect(reader!.createdAt).toMatch(/task-table\.test\.ts:\d+:\d+$/);
  expect(reader!.stack[0]).toMatch(/task-table\.test\.ts:\d+:\d+/);
});

test('two runs side by side are both there, and gone when they have ended', async () => {
  const names = async (): Promise<string[]> => taskTable().tasks.map(({ name }) => name);
  const both = await Promise.all([
    run(async function one() {
      await new Promise((turn) => setImmediate(turn));
      return names();
    }),
    run(async function two() {
      await new Promise((turn) => setImmediate(turn));
      return names();
    }),
  ]);
  expect(both[0]).toEqual(['one', 'two']);
  expect(await names()).toEqual([]);
});

test('whoever looks in from outside finds the table among what is alive, and it is JSON', async () => {
  const table = await run(async function main() {
    return JSON.parse(JSON.stringify(statisticsOf('tasks'))) as object;
  });
  expect(table).toMatchObject({ offloop: { tasks: [{ name: 'main', parent: null }] } });
});
