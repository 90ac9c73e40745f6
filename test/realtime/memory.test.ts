import { describe, expect, it } from 'vitest';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { withSignal } from '../../src/core/foreign.ts';
import { run } from '../../src/core/run.ts';
import { sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { timeout } from '../../src/core/timeout.ts';
import type { Job } from '../../src/executors/job.ts';
import { mapJobs } from '../../src/executors/map.ts';
import { Queue } from '../../src/sync/queue.ts';
import { makeJob } from '../support/jobs.ts';
import { heap } from '../support/heap.ts';

/** Megabytes that `work` leaves behind, after a first round that warms caches up. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  await work();
  const before = await heap();
  await work();
  return ((await heap()) - before) / 2 ** 20;
}

describe('memory stays flat', () => {
  it('over a million put and get on a bounded queue (QU-29)', () =>
    run(async () => {
      const queue = new Queue<{ n: number }>(100);
      const grown = await growth(() =>
        withTaskGroup((tg) => {
          tg.spawn(async () => {
            for (let n = 0; n < 1_000_000; n++) await queue.put({ n });
          });
          tg.spawn(async () => {
            for (let n = 0; n < 1_000_000; n++) {
              if ((await queue.get()).n !== n) throw new Error(`item ${n} is out of order`);
            }
          });
        }),
      );
      expect(queue.statistics()).toMatchObject({ size: 0, waitingGet: 0, waitingPut: 0 });
      expect(grown).toBeLessThan(8);
    }));

  it('over 100,000 time limits that were not needed, on one long-lived task', () =>
    run(async () => {
      const grown = await growth(async () => {
        for (let i = 0; i < 100_000; i++) await timeout(60_000, () => i);
      });
      expect(grown).toBeLessThan(8);
    }));

  it('over 50,000 waits that were cancelled, and calls with a signal, in one long-lived scope', () =>
    run(() =>
      new CancelScope().run(async (s) => {
        void s.signal;
        const grown = await growth(async () => {
          for (let i = 0; i < 50_000; i++) {
            await new CancelScope().run((inner) => (inner.cancel(), sleepForever()));
            await withSignal(() => Promise.resolve());
            if (i % 1_000 === 0) await sleep(0);
          }
        });
        expect(grown).toBeLessThan(8);
      }),
    ));

  it.each([
    ['a million', 1_000_000, true],
    ['some hundred thousand unordered', 300_000, false],
  ] as const)('over %s items of executor.map, of which few are ever under way', (_many, count, ordered) =>
    run(async () => {
      let pulled = 0;
      let taken = 0;
      let farthest = 0;
      let peak = 0;
      function* items(): Generator<{ n: number }> {
        for (; pulled < count; pulled++) {
          farthest = Math.max(farthest, pulled - taken);
          yield { n: pulled };
        }
      }
      const submit = (item: { n: number }): Job => {
        const job = makeJob(undefined, [item]);
        queueMicrotask(() => job.end({ ok: true, value: item.n }));
        return job;
      };
      const before = await heap();
      let sum = 0;
      for await (const n of mapJobs(submit, submit, items(), { ordered }, 16)) {
        sum += n as number;
        if (++taken % 100_000 === 0) peak = Math.max(peak, (await heap()) - before);
      }
      expect([taken, sum]).toEqual([count, (count * (count - 1)) / 2]);
      expect(farthest).toBeLessThanOrEqual(17);
      expect(peak / 2 ** 20).toBeLessThan(8);
    }),
  );
});

describe('a parked task', () => {
  const COUNT = 20_000;
  const parked = async (): Promise<void> => {
    await sleepForever();
  };

  /** Bytes that each of many waits takes, started by `start`, which are all cancelled afterwards. */
  const bytesEach = (start: (spawn: (fn: () => Promise<void>) => void) => void): Promise<number> =>
    run(
      async () => {
        let bytes = 0;
        await withTaskGroup(async (tg) => {
          const before = await heap();
          start((fn) => void tg.spawn(fn));
          await sleep(1);
          bytes = ((await heap()) - before) / COUNT;
          tg.cancel();
        });
        return bytes;
      },
      { signals: false },
    );

  it('costs less than 700 bytes more than the same function without a task', async () => {
    const plain = await bytesEach(() => {
      for (let i = 0; i < COUNT; i++) parked().catch(() => {});
    });
    const tasks = await bytesEach((spawn) => {
      for (let i = 0; i < COUNT; i++) spawn(parked);
    });
    expect(tasks - plain).toBeLessThan(700);
  });
});
