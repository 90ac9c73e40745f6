import { describe, expect, it } from 'vitest';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { Queue } from '../../src/sync/queue.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

describe('waitAllTasksBlocked', () => {
  it('waits out a busy task (MC-05)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const log: string[] = [];
        tg.spawn(async () => {
          for (let i = 0; i < 10; i++) await checkpoint();
          log.push('busy task done');
        });
        await waitAllTasksBlocked();
        log.push('all blocked');
        expect(log).toEqual(['busy task done', 'all blocked']);
      }),
    ));

  it('resolves while others wait for each other, for time, or for nothing at all', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const queue = new Queue<number>();
        let got = 0;
        tg.spawn(async () => {
          for (;;) got += await queue.get();
        });
        tg.spawn(() => sleepForever());
        tg.spawn(() => sleep(1e9));
        await waitAllTasksBlocked();
        queue.putNowait(1);
        queue.putNowait(2);
        expect(got).toBe(0);
        await waitAllTasksBlocked();
        expect(got).toBe(3);
        tg.cancel();
      }),
    ));

  it('can be cancelled (MC-05)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        tg.spawn(async () => {
          for (;;) await checkpoint();
        });
        const scope = new CancelScope();
        setTimeout(() => scope.cancel(), 20);
        await scope.run(() => waitAllTasksBlocked());
        expect(scope.cancelledCaught).toBe(true);
        tg.cancel();
      }),
    ));

  it('is a checkpoint', () =>
    virtually(async () => {
      await new CancelScope().run(async (s) => {
        s.cancel('why');
        expect(await failure(() => waitAllTasksBlocked())).toMatchObject({ code: 'OFFLOOP_CANCELLED', reason: 'why' });
      });
    }));

  it('wakes everybody who asked, in order', () =>
    virtually(async () => {
      const log: string[] = [];
      await withTaskGroup((tg) => {
        for (const name of ['a', 'b', 'c']) {
          tg.spawn(async () => {
            await waitAllTasksBlocked();
            log.push(name);
          });
        }
      });
      expect(log).toEqual(['a', 'b', 'c']);
    }));

  it('sees a task that cancelled itself as finished (MC-11)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const task = tg.spawn(async ({ task }) => {
          task.cancel();
          await sleepForever();
        });
        await waitAllTasksBlocked();
        expect(task.state).toBe('cancelled');
      }),
    ));

  it('leaves nothing behind that keeps a virtual clock from jumping', () =>
    virtually(async () => {
      await moveOnAfter(10, () => sleepForever());
      await waitAllTasksBlocked();
      await moveOnAfter(10, () => sleepForever());
    }));
});

const bad: [string, () => unknown, string][] = [
  ['a negative cushion', () => waitAllTasksBlocked({ cushion: -1 }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.cushion to be a number of milliseconds, 0 or more, got -1 (number)'],
  ['a wrong cushion', () => waitAllTasksBlocked({ cushion: '1' as never }), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.cushion to be a number of milliseconds, 0 or more, got '1' (string)"],
  ['an unknown option', () => waitAllTasksBlocked({ cushon: 1 } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.cushon; known options are cushion'],
]; // prettier-ignore
it.each(bad)('%s is refused', async (_what, call, message) => {
  expect(await refusal(call)).toBe(message);
});
