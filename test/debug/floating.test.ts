import { describe, expect, it } from 'vitest';
import { asCompleted } from '../../src/core/as-completed.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { gather } from '../../src/core/gather.ts';
import { sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, timeout } from '../../src/core/timeout.ts';
import { Queue } from '../../src/sync/queue.ts';
import { Semaphore } from '../../src/sync/semaphore.ts';
import { debugged, messages } from '../support/debugged.ts';
import { virtually } from '../support/virtual.ts';

const quietly = (promise: PromiseLike<unknown>): void => void promise.then(undefined, () => {});

describe('a call that is never awaited while its scope ends', () => {
  it('is warned about once, with what it is, and where it was made (DB-15)', async () => {
    const reports = await debugged(async ({ reports }) => {
      await withTaskGroup((tg) => {
        tg.spawn(function forgetful() {
          quietly(new Queue().get());
        });
      });
      return reports;
    });
    expect(reports).toEqual([
      {
        message: 'Queue.get was never awaited: it still waits, though the scope it was called in has ended',
        task: expect.objectContaining({ name: 'forgetful' }),
        createdAt: expect.stringMatching(/^ {4}at forgetful \(.*floating\.test\.ts:\d+:\d+\)/),
      },
    ]);
  });

  it.each<[string, string, () => PromiseLike<unknown>]>([
    ['sleep', 'sleep for ever', () => sleep(Infinity)],
    ['Semaphore.run', 'Semaphore.acquire', () => new Semaphore(0).run(() => {})],
    ['gather', 'sleep for ever', () => gather([() => sleepForever()])],
    ['timeout', 'sleep for ever', () => timeout(1e6, () => sleepForever())],
    ['withTaskGroup', 'task group "crew"', () => withTaskGroup((tg) => void tg.spawn(() => sleepForever()), { name: 'crew' })],
    ['TaskCore.then', 'task "other"', () => background(() => sleepForever(), { name: 'other' }).then()],
  ])('%s', async (name, waits, call) => {
    const heard = await messages(() =>
      new CancelScope().run(async () => {
        quietly(call());
        await sleep(1);
      }),
    );
    expect(heard).toEqual([`${name} was never awaited: it still waits for ${waits}, though the scope it was called in has ended`]);
  });

  it('at the end of main, too', async () => {
    expect(await messages(() => quietly(sleepForever()))).toHaveLength(1);
  });

  it('in code of the run outside of main, too', async () => {
    const heard = await messages(() => background(() => quietly(new Queue().get())).wait());
    expect(heard).toHaveLength(1);
  });
});

describe('no warning', () => {
  it('about what is awaited later, but in time', async () => {
    const heard = await messages(async () => {
      const nap = sleep(5);
      await sleep(1);
      await nap;
    });
    expect(heard).toEqual([]);
  });

  it('about what a cancellation ended', async () => {
    const heard = await messages(() => moveOnAfter(5, () => gather([() => sleepForever(), () => new Queue().get()])));
    expect(heard).toEqual([]);
  });

  it('about a loop over asCompleted that was left, or a task whose handle is kept', async () => {
    const heard = await messages(() =>
      new CancelScope().run(async () => {
        background(() => sleep(100));
        for await (const { task } of asCompleted([() => sleep(1), () => sleep(1000)])) return task;
        return null;
      }),
    );
    expect(heard).toEqual([]);
  });

  it('without debug mode', async () => {
    expect(
      await virtually(({ reports }) => {
        quietly(sleepForever());
        return reports;
      }),
    ).toEqual([]);
  });
});
