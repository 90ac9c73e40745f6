import { describe, expect, it } from 'vitest';
import { background } from '../../src/core/background.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { Deferred } from '../../src/core/deferred.ts';
import { abortable, withSignal } from '../../src/core/foreign.ts';
import { gather } from '../../src/core/gather.ts';
import { map } from '../../src/core/map.ts';
import { race } from '../../src/core/race.ts';
import { sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import type { TaskCore } from '../../src/core/task.ts';
import { timeout } from '../../src/core/timeout.ts';
import { wait } from '../../src/core/wait.ts';
import { waitingOn } from '../../src/core/waits.ts';
import { Barrier } from '../../src/sync/barrier.ts';
import { CapacityLimiter } from '../../src/sync/capacity-limiter.ts';
import { channel } from '../../src/sync/channel.ts';
import { Condition } from '../../src/sync/condition.ts';
import { AsyncEvent } from '../../src/sync/event.ts';
import { Lock } from '../../src/sync/lock.ts';
import { Queue } from '../../src/sync/queue.ts';
import { Semaphore } from '../../src/sync/semaphore.ts';
import { Sequencer } from '../../src/testing/sequencer.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { virtually } from '../support/virtual.ts';

const full = (): Queue<number> => {
  const queue = new Queue<number>(1);
  queue.putNowait(1);
  return queue;
};
const taken = (): Lock => {
  const lock = new Lock();
  background(() => lock.run(() => sleepForever()), { eager: true });
  return lock;
};
const never = (): Promise<never> => new Promise(() => {});

describe('what a blocked task waits for', () => {
  it.each<[string, () => PromiseLike<unknown>]>([
    ['sleep until +250 ms', () => sleep(250)],
    ['sleep for ever', () => sleepForever()],
    ['Semaphore.acquire', () => new Semaphore(0).acquire()],
    ['Lock.acquire', () => taken().acquire()],
    ['CapacityLimiter.acquire', () => new CapacityLimiter(0).acquire()],
    ['Queue.get', () => new Queue().get()],
    ['Queue.put', () => full().put(2)],
    ['Queue.join', () => full().join()],
    ['AsyncEvent.wait', () => new AsyncEvent().wait()],
    ['Barrier.wait', () => new Barrier(2).wait()],
    ['SendChannel.send', () => channel<number>()[0].send(1)],
    ['ReceiveChannel.receive', () => channel<number>()[1].receive()],
    ['Deferred', () => new Deferred()],
    ['a promise', () => abortable(never())],
    ['withSignal', () => withSignal(never)],
    ['Sequencer.at(1)', () => new Sequencer().at(1)],
    ['sleep until +5 ms', () => timeout(100, () => sleep(5))],
    ['sleep until +1 ms, sleep until +2 ms', () => gather([() => sleep(1), () => sleep(2), () => sleep(2)])],
    ['Queue.get', () => map([1, 2, 3], () => new Queue().get(), { limit: 2 })],
    ['race', () => race([() => sleep(1), () => sleep(2)])],
    ['task group "crew"', () => withTaskGroup((tg) => void tg.spawn(() => sleep(1)), { name: 'crew' })],
  ])('%s', (expected, block) =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const task = tg.spawn(async () => void (await block()));
        await waitAllTasksBlocked();
        expect(waitingOn(task as unknown as TaskCore)).toBe(expected);
        tg.cancel();
        if (expected === 'withSignal') (task as unknown as TaskCore<void>).succeed(); // it waits for the operation to see the signal
      }),
    ),
  );

  it('a condition, and another task', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const condition = new Condition();
        const a = tg.spawn(async function waiter() {
          await condition.acquire();
          await condition.wait();
        });
        const b = tg.spawn(() => a.wait());
        const c = tg.spawn(() => wait([a, b]));
        await waitAllTasksBlocked();
        expect([a, b, c].map((t) => waitingOn(t as unknown as TaskCore))).toEqual(['Condition.wait', 'task "waiter"', 'wait']);
        tg.cancel();
      }),
    ));

  it('many things are cut short', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const task = tg.spawn(() => map([1, 2, 3, 4, 5, 6, 7], (ms) => sleep(ms)));
        await waitAllTasksBlocked();
        expect(waitingOn(task as unknown as TaskCore)).toMatch(/^(sleep until \+\d ms, ){4}sleep until \+5 ms and 2 more$/);
        tg.cancel();
      }),
    ));

  it('nothing, when it runs or waits for something outside of offloop, or in a child', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        let go = (): void => {};
        const foreign = tg.spawn(() => new Promise<void>((resolve) => (go = resolve)));
        await checkpoint();
        expect(waitingOn(foreign as unknown as TaskCore)).toBeNull();
        go();
      }),
    ));
});
