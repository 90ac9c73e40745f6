import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InvalidStateError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { BoundedSemaphore } from '../../src/sync/bounded-semaphore.ts';
import { Semaphore } from '../../src/sync/semaphore.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

it('released more often than acquired, it refuses and its limit stays', async () => {
  for (const value of [0, 1, 3]) {
    const semaphore = new BoundedSemaphore(value);
    expect(await refusal(() => semaphore.release())).toBe(
      `InvalidStateError OFFLOOP_INVALID_STATE: Semaphore released more often than acquired: its value is ${value} already`,
    );
    expect(semaphore.value).toBe(value);
  }
});

it('a guard released twice is no over-release; guard and release() together are', () =>
  virtually(async () => {
    const semaphore = new BoundedSemaphore(1);
    const guard = await semaphore.acquire();
    guard.release();
    guard.release();
    const other = await semaphore.acquire();
    semaphore.release();
    expect(await failure(() => other.release())).toBeInstanceOf(InvalidStateError);
    expect(semaphore.value).toBe(1);
  }));

it('is a semaphore: starts at 1, serves in order, hands a permit over', () =>
  virtually(async () => {
    const semaphore = new BoundedSemaphore();
    expect(semaphore).toBeInstanceOf(Semaphore);
    const guard = await semaphore.acquire();
    const log: number[] = [];
    const waiters = [1, 2].map((n) => background(() => semaphore.run(() => void log.push(n))));
    await waitAllTasksBlocked();
    expect([String(semaphore), semaphore.statistics()]).toEqual([
      '<BoundedSemaphore locked, value 0, 2 waiting>',
      { value: 0, waiting: 2 },
    ]);
    guard.release();
    await Promise.all(waiters);
    expect([log, String(semaphore)]).toEqual([[1, 2], '<BoundedSemaphore unlocked, value 1, 0 waiting>']);
  }));

it('with infinitely many permits never waits, and takes each back', async () => {
  for (const semaphore of [new BoundedSemaphore(Infinity), new Semaphore(Infinity), new Semaphore(1, { max: Infinity })]) {
    const before = semaphore.value;
    for (let i = 0; i < 3; i++) (await semaphore.acquire()).release();
    expect(semaphore.value).toBe(before);
  }
});

it('a bad value is refused', async () => {
  const expected = 'Expected value to be a whole number from 0 up, or Infinity, got';
  expect(await refusal(() => new BoundedSemaphore(-1))).toBe(`RangeError OFFLOOP_OUT_OF_RANGE: ${expected} -1 (number)`);
  expect(await refusal(() => new BoundedSemaphore(1.5))).toBe(`RangeError OFFLOOP_OUT_OF_RANGE: ${expected} 1.5 (number)`);
  expect(await refusal(() => new BoundedSemaphore('1' as never))).toBe(`TypeError OFFLOOP_INVALID_ARGUMENT: ${expected} '1' (string)`);
});

it('whatever its users do, time out or release too often, never more than its value get in', async () => {
  const user = fc.record({ begin: fc.nat({ max: 10 }), limit: fc.nat({ max: 20 }), work: fc.nat({ max: 8 }), greedy: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(user, { maxLength: 15 }), (value, users) =>
      virtually(async () => {
        const semaphore = new BoundedSemaphore(value);
        let inside = 0;
        await withTaskGroup((tg) => {
          for (const u of users) {
            tg.spawn(async () => {
              await sleep(u.begin);
              // Whoever releases without having acquired does so while nobody is inside: then it must be refused.
              if (u.greedy && inside === 0 && semaphore.value === value) {
                expect(await failure(() => semaphore.release())).toBeInstanceOf(InvalidStateError);
              }
              await moveOnAfter(u.limit, () =>
                semaphore.run(async () => {
                  expect(++inside).toBeLessThanOrEqual(value);
                  try {
                    await sleep(u.work);
                  } finally {
                    inside--;
                  }
                }),
              );
            });
          }
        });
        expect([inside, semaphore.statistics()]).toEqual([0, { value, waiting: 0 }]);
      }),
    ),
    { numRuns: 100 },
  );
});
