import { describe, expect, it } from 'vitest';
import { background } from '../../src/core/background.ts';
import { here } from '../../src/core/scope.ts';
import { sleep, sleepForever } from '../../src/core/sleep.ts';
import { abandon, checkedSources, joined, sourceTask } from '../../src/core/source-task.ts';
import type { TaskCore } from '../../src/core/task.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

describe('sourceTask', () => {
  it('leaves a task what it is, and makes one of a function or a promise', () =>
    virtually(async () => {
      const task = background(() => 1);
      expect(sourceTask(task, here())).toEqual({ task, own: false });
      const fromFunction = sourceTask(function named() { return 2; }, here()); // prettier-ignore
      const fromPromise = sourceTask(Promise.resolve(3), here());
      expect([fromFunction.own, fromFunction.task.name, fromPromise.own]).toEqual([true, 'named', true]);
      expect([await task, await fromFunction.task, await fromPromise.task]).toEqual([1, 2, 3]);
    }));

  it('a promise’s task stops waiting when it is cancelled; the promise may reject later', () =>
    virtually(async () => {
      let reject: (e: Error) => void = () => {};
      const { task } = sourceTask(new Promise<never>((_, r) => (reject = r)), here());
      task.cancel();
      await task.wait();
      reject(new Error('late'));
      await turns(2);
      expect(task.state).toBe('cancelled');
    }));
});

describe('checkedSources', () => {
  it('gives an array of any iterable', () => {
    const fns = [() => 1, () => 2];
    expect(checkedSources(new Set(fns))).toEqual(fns);
  });

  it('names the source that is none', async () => {
    expect(await refusal(() => checkedSources([() => 1, 'text' as never]))).toBe(
      "TypeError OFFLOOP_INVALID_ARGUMENT: Expected src[1] to be a function, a task or a promise, got 'text' (string)",
    );
  });

  it('refuses the running task, which would wait for itself; one that has settled may be given', () =>
    virtually(async ({ task }) => {
      expect(await refusal(() => checkedSources([task]))).toBe(
        'InvalidStateError OFFLOOP_INVALID_STATE: Task "main" cannot await itself: it would never settle',
      );
      const over = background(() => 1);
      await over;
      expect(checkedSources([over])).toEqual([over]);
    }));
});

it('abandon handles what promises reject with, and does not touch tasks', () =>
  virtually(async ({ reports }) => {
    const task = background(() => Promise.reject(new Error('of the task')));
    abandon([Promise.reject(new Error('early')), task, () => 1, { then: () => { throw new Error('thenable'); } }]); // prettier-ignore
    await turns(3);
    expect(reports.map((r) => (r.error as Error).message)).toEqual(['of the task']);
  }));

it('joined waits for all, whatever becomes of them, and cannot be interrupted', () =>
  virtually(async () => {
    const tasks = [background(() => sleep(10)), background(() => sleepForever()), background(() => Promise.reject(new Error('no')))];
    let over = false;
    const joiner = background(async () => {
      await joined(tasks as TaskCore[]);
      over = true;
    });
    await sleep(5);
    joiner.cancel();
    await sleep(10);
    expect(over).toBe(false);
    tasks[1]?.cancel();
    await joiner;
    expect([over, await failure(tasks[2]!)]).toEqual([true, expect.any(Error)]);
  }));
