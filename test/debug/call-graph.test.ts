import { describe, expect, it } from 'vitest';
import { background } from '../../src/core/background.ts';
import { Deferred } from '../../src/core/deferred.ts';
import { asCompleted } from '../../src/core/as-completed.ts';
import { gather } from '../../src/core/gather.ts';
import { race } from '../../src/core/race.ts';
import { sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { currentTask } from '../../src/core/task.ts';
import type { Task } from '../../src/core/task.ts';
import { shield } from '../../src/core/timeout.ts';
import { wait } from '../../src/core/wait.ts';
import { captureCallGraph, formatCallGraph } from '../../src/debug/call-graph.ts';
import type { CallGraph } from '../../src/debug/call-graph.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { debugged } from '../support/debugged.ts';
import { refusal, virtually } from '../support/virtual.ts';

type Names = { [name: string]: Names };
const names = (graph: CallGraph | null): Names =>
  Object.fromEntries((graph?.awaitedBy ?? []).map((g) => [g.task.name + (g.cycle === true ? ' (cycle)' : ''), names(g)]));
const graphOf = (task: Task<unknown>): Names => names(captureCallGraph(task));

describe('a task’s call graph', () => {
  it('has the owner of its group, and the tasks that await it, each of which the owner awaits as well (IN-01)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const child = tg.spawn(() => sleep(10), { name: 'child' });
        tg.spawn(() => child, { name: 'a' });
        tg.spawn(() => child.wait(), { name: 'b' });
        await waitAllTasksBlocked();
        expect(graphOf(child)).toEqual({ main: {}, a: { main: {} }, b: { main: {} } });
      }),
    ));

  it('has the owner while the group is joined, and nobody once the task has settled', () =>
    virtually(async () => {
      let child: Task<unknown> | undefined;
      await withTaskGroup((tg) => {
        child = tg.spawn(async function child() {
          await sleep(1);
          expect(captureCallGraph()).toMatchObject({
            awaitedBy: [{ task: { name: 'main' }, waitingOn: expect.stringMatching(/^task group/) }],
          });
        });
      });
      expect(captureCallGraph(child)).toMatchObject({ task: { name: 'child', state: 'done' }, waitingOn: null, awaitedBy: [] });
    }));

  it('keeps the edge through a shield (IN-03)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const task = background(() => sleep(10), { name: 'shielded' });
        tg.spawn(() => shield(() => task.wait()), { name: 'waiter' });
        await waitAllTasksBlocked();
        expect(graphOf(task)).toEqual({ waiter: { main: {} } });
      }),
    ));

  it.each<[string, (t: Task<unknown>) => Promise<unknown>]>([
    ['wait', (t) => wait([t, background(() => sleepForever())], { until: 'first' })],
    ['gather', (t) => gather([t, () => sleep(1)])],
    ['race', (t) => race([t, () => sleepForever()])],
    ['asCompleted', async (t) => { for await (const { task } of asCompleted([t])) await task; }],
  ])('has an edge from %s, which is gone when that returns (IN-05)', (_name, block) =>
    virtually(async () => {
      await withTaskGroup(async (tg) => {
        const task = background(() => sleep(10), { name: 'awaited' });
        const waiter = tg.spawn(() => block(task), { name: 'waiter' });
        expect(graphOf(task)).toEqual({});
        await waitAllTasksBlocked();
        expect(graphOf(task)).toEqual({ waiter: { main: {} } });
        await waiter;
        const other = background(() => sleepForever(), { name: 'other' });
        expect([graphOf(task), graphOf(other)]).toEqual([{}, {}]);
        tg.cancel();
      });
    }),
  ); // prettier-ignore

  it('a task that gather or race started is awaited by the caller', () =>
    virtually(async () => {
      const graphs: Names[] = [];
      await race([async () => void graphs.push(names(captureCallGraph())), () => sleepForever()]);
      expect(graphs).toEqual([{ main: {} }]);
    }));

  it('of a Deferred has all that await it (IN-07)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const deferred = new Deferred<number>();
        tg.spawn(async () => void (await deferred), { name: 'a' });
        tg.spawn(async () => void (await gather([deferred])), { name: 'b' });
        await waitAllTasksBlocked();
        expect(captureCallGraph(deferred)).toMatchObject({ task: { id: 0, name: 'Deferred', state: 'pending' } });
        expect(names(captureCallGraph(deferred))).toEqual({ a: { main: {} }, b: { main: {} } });
        deferred.resolve(1);
        expect(captureCallGraph(deferred)).toMatchObject({ task: { state: 'done' }, awaitedBy: [] });
      }),
    ));

  it('of tasks that wait for each other ends where the cycle closes (IN-09)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const pair: Task<unknown>[] = [];
        pair.push(background(() => pair[1]?.wait(), { name: 'a' }));
        pair.push(background(() => pair[0]?.wait(), { name: 'b' }));
        await waitAllTasksBlocked();
        expect(graphOf(pair[0] as Task<unknown>)).toEqual({ b: { 'a (cycle)': {} } });
        expect(formatCallGraph(pair[0])).toBe(
          [
            `* task #${pair[0]?.id} "a", running, waits for task "b"`,
            '  + awaited by:',
            `      * task #${pair[1]?.id} "b", running, waits for task "a"`,
            '        + awaited by:',
            `            * task #${pair[0]?.id} "a", running (a cycle: see above)`,
          ].join('\n'),
        );
        tg.cancel();
      }),
    ));

  it('of the current task needs no argument, and has its lines now', () =>
    virtually(function program() {
      const graph = captureCallGraph() as CallGraph;
      expect(graph.task).toEqual({ id: currentTask()?.id, name: 'main', state: 'running' });
      expect(graph.stack[0]).toMatch(/^program \(.*call-graph\.test\.ts:\d+:\d+\)$/);
    }));

  it('of a blocked task has the lines where it waits, in debug mode only (IN-19)', async () => {
    async function* numbers(): AsyncGenerator<number> {
      await sleep(10);
      yield 1;
    }
    async function reader(): Promise<void> {
      for await (const n of numbers()) expect(n).toBe(1);
    }
    const stack = (): Promise<string[]> =>
      withTaskGroup(async (tg) => {
        const task = tg.spawn(reader);
        await waitAllTasksBlocked();
        return captureCallGraph(task)?.stack ?? [];
      });
    expect(await virtually(stack)).toEqual([]);
    const lines = await debugged(stack);
    expect(lines[0]).toMatch(/numbers.*call-graph\.test\.ts/);
    expect(lines.join('\n')).toMatch(/reader \(.*call-graph\.test\.ts/);
  });

  it('is cut by limit, from the inside or from the outside', () =>
    debugged(async () => {
      const deep = async (n: number): Promise<number> => (n === 0 ? (captureCallGraph()?.stack.length ?? 0) : deep(n - 1));
      expect(await deep(5)).toBeGreaterThan(5);
      const inner = (limit: number): string[] => captureCallGraph(undefined, { limit })?.stack ?? [];
      expect([inner(1).length, inner(0).length, inner(-1).length]).toEqual([1, 0, 1]);
      expect(inner(1)[0]).toMatch(/^inner /);
    }));

  it('is null, and the text empty, outside of any task', () => {
    expect([captureCallGraph(), formatCallGraph()]).toEqual([null, '']);
  });

  it.each([
    ['no task', () => captureCallGraph({} as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected t to be a task or a Deferred, got {} (object)'],
    ['a wrong limit', () => captureCallGraph(undefined, { limit: 1.5 }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.limit to be an integer, got 1.5 (number)'],
    ['a wrong type of limit', () => formatCallGraph(undefined, { limit: '1' as never }), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.limit to be an integer, got '1' (string)"],
  ])('%s is refused', async (_what, call, message) => {
    expect(await refusal(call)).toBe(message);
  }); // prettier-ignore
});
