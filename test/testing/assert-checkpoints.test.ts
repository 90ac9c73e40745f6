import { describe, expect, it } from 'vitest';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint, throwIfCancelled } from '../../src/core/checkpoint.ts';
import { gather } from '../../src/core/gather.ts';
import { map } from '../../src/core/map.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import type { TaskGroup } from '../../src/core/task-group.ts';
import { moveOnAfter, shield, timeout } from '../../src/core/timeout.ts';
import { AsyncEvent } from '../../src/sync/event.ts';
import { Lock } from '../../src/sync/lock.ts';
import { Queue } from '../../src/sync/queue.ts';
import { Semaphore } from '../../src/sync/semaphore.ts';
import { assertCheckpoints } from '../../src/testing/assert-checkpoints.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

const none = /^AssertionError ERR_ASSERTION: Expected .* to pass a checkpoint, but it passed none$/;

describe('assertCheckpoints', () => {
  it('resolves with the value of a function that passed a checkpoint', () =>
    virtually(async () => {
      expect(await assertCheckpoints(() => sleep(1, 'value'))).toBe('value');
    }));

  it.each<[string, () => PromiseLike<unknown>]>([
    ['checkpoint', () => checkpoint()],
    ['throwIfCancelled', async () => throwIfCancelled()],
    ['an acquire that need not wait', () => new Lock().acquire()],
    ['a semaphore', () => new Semaphore(1).run(() => {})],
    ['a put that need not wait', () => new Queue().put(1)],
    ['a wait', () => new AsyncEvent().wait().catch(() => {})],
    ['gather', () => gather([() => 1])],
    ['map', () => map([1], (x) => x)],
    ['something in a time limit', () => timeout(10, () => sleep(1))],
    ['something after it', async () => { await timeout(10, () => {}); await sleep(1); }],
    ['something in a shield', () => shield(() => checkpoint())],
    ['one checkpoint among other things', async () => { await Promise.resolve(); now(); await checkpoint(); }],
  ])('%s is one', (name, fn) =>
    virtually(async () => {
      await (name === 'a wait' ? moveOnAfter(5, () => assertCheckpoints(fn)) : assertCheckpoints(fn));
    }),
  ); // prettier-ignore

  it.each<[string, (tg: TaskGroup) => PromiseLike<unknown>]>([
    ['nothing', async () => {}],
    ['a foreign promise', () => Promise.resolve(1)],
    ['an empty time limit', () => timeout(10, () => {})],
    ['an empty shield', () => shield(() => {})],
    ['what does not wait', async () => [new Lock().tryAcquire(), now(), new Queue().putNowait(1)]],
    ['a task that is only started', async (tg) => void tg.spawn(() => checkpoint())],
  ])('%s is none', (_name, fn) =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        expect(await refusal(() => assertCheckpoints(() => fn(tg)))).toMatch(none);
      }),
    ),
  );

  it('names the function', () =>
    virtually(async () => {
      expect(await refusal(() => assertCheckpoints(async function save() {}))).toContain('Expected save to pass');
    }));

  it('passes on what the function throws; without a checkpoint it is the cause', () =>
    virtually(async () => {
      const boom = new Error('boom');
      const fail = async (first: () => PromiseLike<unknown>): Promise<never> => {
        await first();
        throw boom;
      };
      expect(await failure(assertCheckpoints(() => fail(() => sleep(1))))).toBe(boom);
      expect(await failure(assertCheckpoints(() => fail(async () => {})))).toMatchObject({ name: 'AssertionError', cause: boom });
    }));

  it('can be cancelled, and the function runs once', () =>
    virtually(async () => {
      let runs = 0;
      const scope = new CancelScope();
      await scope.run(() =>
        assertCheckpoints(() => {
          runs++;
          setImmediate(() => scope.cancel());
          return sleepForever();
        }),
      );
      expect([scope.cancelledCaught, runs]).toEqual([true, 1]);
    }));

  it('works outside of any run', async () => {
    expect(await assertCheckpoints(() => checkpoint())).toBeUndefined();
    expect(await refusal(() => assertCheckpoints(async () => {}))).toMatch(none);
  });

  it('refuses what is no function', async () => {
    expect(await refusal(() => assertCheckpoints(5 as never))).toMatch(/^TypeError .*Expected fn to be a function/);
  });
});
