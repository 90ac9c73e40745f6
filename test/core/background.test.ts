import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it, vi } from 'vitest';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { run } from '../../src/core/run.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { currentTask } from '../../src/core/task.ts';
import type { Task, TaskCore } from '../../src/core/task.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

describe('background', () => {
  it('starts a task of the run: it outlives the scope and the group it was started in', () =>
    virtually(async () => {
      let task: Task<string> | undefined;
      await moveOnAfter(10, () =>
        withTaskGroup(async () => {
          task = background(() => sleep(50, 'outlived'));
          await sleepForever();
        }),
      );
      expect([now(), await task, now()]).toEqual([10, 'outlived', 50]);
    }));

  it('starts one microtask later, and at once when eager', () =>
    virtually(async () => {
      const log: string[] = [];
      background(() => void log.push('later'));
      background(() => void log.push('eager'), { eager: true });
      log.push('caller');
      await turns(1);
      expect(log).toEqual(['eager', 'caller', 'later']);
    }));

  it('in a cancelled scope starts all the same, and is not cancelled', () =>
    virtually(() =>
      new CancelScope().run(async (s) => {
        s.cancel();
        const task = background(() => sleep(10, 'fine'));
        await shield(() => task.wait());
        expect(task.result()).toBe('fine');
      }),
    ));

  it('has no parent task', () =>
    virtually(async () => {
      const task = background(() => {});
      expect((task as unknown as TaskCore).parentTask).toBeNull();
    }));

  it('is cancelled and joined at the end of the run (TA-25)', async () => {
    const log: unknown[] = [];
    const task = await virtually(() => [
      background(async () => {
        log.push(await failure(() => sleepForever()));
        await shield(() => sleep(50));
        log.push(now());
      }),
    ]);
    expect(task[0]?.state).toBe('done');
    expect(log).toEqual([expect.objectContaining({ source: 'shutdown' }), 50]);
  });

  it('follows the signal it was given', () =>
    virtually(async () => {
      const controller = new AbortController();
      const task = background(() => sleepForever(), { signal: controller.signal });
      await turns(1);
      controller.abort('enough');
      expect(await failure(task)).toMatchObject({ source: 'signal', reason: 'enough' });
    }));
});

describe('a failure that nobody retrieves', () => {
  it('is reported in the context of the task, with the task as the current one (DB-07)', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    await run(
      async () => {
        storage.run('of the task', () => background(() => Promise.reject(new Error('boom')), { name: 'culprit' }));
        await turns(3);
      },
      { signals: false, exceptionHandler: ({ task }) => seen.push(storage.getStore(), currentTask() === task, task?.name) },
    );
    expect(seen).toEqual(['of the task', true, 'culprit']);
  });

  it('outside of any run is printed to stderr', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const boom = new Error('boom');
    background(() => Promise.reject(boom), { name: 'stray' });
    await turns(3);
    expect(error.mock.calls).toEqual([['Task exception was never retrieved in task "stray"', boom]]);
  });
});

const bad: [string, () => unknown, string][] = [
  ['no function', () => background(undefined as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got undefined'],
  ['an unknown option', () => background(() => {}, { names: 'x' } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.names; known options are name, eager, signal'],
  ['a wrong name', () => background(() => {}, { name: 5 as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.name to be a string, got 5 (number)'],
]; // prettier-ignore
it.each(bad)('%s is refused', async (_what, call, message) => {
  expect(await refusal(call)).toBe(message);
});
