import { describe, expect, it } from 'vitest';
import { TimeoutError } from '../../src/base/errors.ts';
import { run } from '../../src/core/run.ts';
import { now, sleep, sleepUntil } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, timeout } from '../../src/core/timeout.ts';
import { failure } from '../support/virtual.ts';

function blockFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('on the real clock', () => {
  it('the outer limit expires while the inner body blocks the thread: TimeoutError comes from the outer one (TO-15)', () =>
    run(async () => {
      const error = await failure(() =>
        timeout(
          20,
          () =>
            timeout(
              40,
              async () => {
                blockFor(60);
                await sleep(1);
              },
              { message: 'inner' },
            ),
          { message: 'outer' },
        ),
      );
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({ message: 'outer' });
    }));

  it('nobody wakes early, and all in order (LO-05)', () =>
    run(async () => {
      const late: number[] = [];
      const order: number[] = [];
      const begun = now();
      await withTaskGroup((tg) => {
        for (let i = 0; i < 200; i++) {
          const due = begun + 150 + ((i * 37) % 101) / 2;
          tg.spawn(async () => {
            await sleepUntil(due);
            late.push(now() - due);
            order.push(due);
          });
        }
      });
      expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      for (let i = 0; i < 20; i++) {
        const before = now();
        await sleep(i / 4);
        expect(now() - before).toBeGreaterThanOrEqual(i / 4);
      }
    }));

  it('a limit longer than a Node timer can be neither fires at once nor warns (LO-13)', () =>
    run(async () => {
      const warnings: Error[] = [];
      const note = (w: Error): void => void warnings.push(w);
      process.on('warning', note);
      expect(await timeout(2 ** 31 + 1_000, () => sleep(20, 'fine'))).toBe('fine');
      await moveOnAfter(20, () => sleepUntil(now() + 2 ** 40));
      process.off('warning', note);
      expect(warnings).toEqual([]);
    }));

  it('sleeping tasks whose thread was blocked all wake, in order of deadline', () =>
    run(async () => {
      const log: number[] = [];
      await withTaskGroup(async (tg) => {
        for (const ms of [30, 10, 20]) tg.spawn(() => sleep(ms).then(() => void log.push(ms)));
        await sleep(1);
        blockFor(50);
      });
      expect(log).toEqual([10, 20, 30]);
    }));
});
