import { describe, expect, it } from 'vitest';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint, throwIfCancelled } from '../../src/core/checkpoint.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import type { TaskFn } from '../../src/core/task.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { Lock } from '../../src/sync/lock.ts';
import { Queue } from '../../src/sync/queue.ts';
import { messages } from '../support/debugged.ts';

/** What is reported when a task is cancelled after 10 ms. */
const cancelled = (fn: TaskFn<unknown>): Promise<string[]> =>
  messages(() =>
    withTaskGroup(async (tg) => {
      tg.spawn(fn, { name: 'stubborn' });
      await sleep(10);
      tg.cancel();
    }),
  );
const ignore = (): void => {};
const endedNormally = 'Task "stubborn" swallows its cancellation: it ended normally, though a checkpoint had thrown CancelledError in it';
const goesOn = 'Task "stubborn" swallows its cancellation: it goes on, though 100 of its checkpoints have thrown CancelledError';

describe('a cancellation that is swallowed', () => {
  it.each<[string, TaskFn<unknown>]>([
    ['while the task waited', () => sleepForever().catch(ignore)],
    ['at a later checkpoint', async () => {
      await shield(() => sleep(20));
      await checkpoint().catch(ignore);
    }],
    ['at a synchronous one', async () => {
      await shield(() => sleep(20));
      try { throwIfCancelled(); } catch { /* nothing */ }
    }],
    ['at one of a primitive that need not wait', async () => {
      await shield(() => sleep(20));
      await new Lock().acquire().catch(ignore);
      await new Queue().put(1).catch(ignore);
    }],
  ])('is reported when the task ends normally: %s', async (_where, fn) => {
    expect(await cancelled(fn)).toEqual([endedNormally]);
  }); // prettier-ignore

  it('is reported once, while it still goes on, by a task that never comes to an end otherwise', async () => {
    let turns = 0;
    const heard = await cancelled(async () => {
      while (turns++ < 1000) await sleep(5).catch(ignore);
    });
    expect(heard).toEqual([goesOn]);
  });
});

describe('no warning about a task that', () => {
  it.each<[string, TaskFn<unknown>]>([
    ['passes it on', () => sleepForever()],
    ['fails in its cleanup', async () => { try { await sleepForever(); } finally { await checkpoint().catch(ignore); } }],
    ['had no checkpoint since', async () => { await shield(() => sleep(20)); return now(); }],
    ['ended a scope of its own', () => moveOnAfter(1, () => sleepForever())],
    ['swallows the cancellation of a scope inside it', () => new CancelScope().run(async (s) => { s.cancel(); await checkpoint().catch(ignore); })],
    ['has a time limit in a shielded cleanup', async () => { try { await sleepForever(); } finally { await moveOnAfter(5, () => sleepForever(), { shield: true }); } }],
  ])('%s', async (_what, fn) => {
    expect(await cancelled(fn)).toEqual([]);
  }); // prettier-ignore
});
