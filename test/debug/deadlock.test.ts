import { describe, expect, it } from 'vitest';
import { background } from '../../src/core/background.ts';
import { gather } from '../../src/core/gather.ts';
import { sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import type { Task } from '../../src/core/task.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { CapacityLimiter } from '../../src/sync/capacity-limiter.ts';
import { Lock } from '../../src/sync/lock.ts';
import { Queue } from '../../src/sync/queue.ts';
import { Semaphore } from '../../src/sync/semaphore.ts';
import { messages } from '../support/debugged.ts';
import { virtually } from '../support/virtual.ts';

interface Lockable {
  run<T>(fn: () => Promise<T>): Promise<T>;
}
const heard = async (main: () => Promise<unknown>): Promise<string[]> =>
  (await messages(() => moveOnAfter(1000, main))).filter((m) => m.startsWith('Deadlock'));

/** Takes one after the other, with a pause between, so that others take theirs. */
const both = (a: Lockable, b: Lockable) => (): Promise<void> => a.run(() => sleep(1).then(() => b.run(() => sleep(1))));
/** Locks without their places, which differ from line to line. */
const withoutPlaces = (text: string | undefined): string | undefined => text?.replaceAll(/ at \S*deadlock\.test\.ts:\d+:\d+/g, ' at *');

describe('tasks that take locks in different orders', () => {
  it('are reported at once: who holds what since where, who waits for what and where', async () => {
    const [a, b] = [new Lock(), new Lock()];
    const began = performance.now();
    const reports = await heard(() =>
      withTaskGroup((tg) => {
        tg.spawn(both(a, b), { name: 'one' });
        tg.spawn(both(b, a), { name: 'two' });
      }),
    );
    expect(performance.now() - began).toBeLessThan(900);
    expect(reports.map(withoutPlaces)).toEqual([
      'Deadlock: 2 tasks wait for each other\n' +
        '  task "two", created at *, holds Lock #1 (taken at *) and waits for Lock #2 at *\n' +
        '  task "one", created at *, holds Lock #2 (taken at *) and waits for Lock #1 at *',
    ]);
  });

  it.each<[string, () => [Lockable, Lockable]]>([
    ['semaphores of one permit', () => [new Semaphore(1), new Semaphore(1)]],
    ['limiters of one token', () => [new CapacityLimiter(1), new CapacityLimiter(1)]],
    ['a lock and a semaphore', () => [new Lock(), new Semaphore(1)]],
  ])('are found with %s', async (_what, make) => {
    const [a, b] = make();
    const reports = await heard(() => gather([both(a, b), both(b, a)]));
    expect(reports).toHaveLength(1);
  });

  it('are found in a ring of three, with time limits, and in lanes of one gather', async () => {
    const [a, b, c] = [new Lock(), new Lock(), new Lock()];
    const reports = await heard(() => gather([both(a, b), () => moveOnAfter(50, both(b, c)), both(c, a)]));
    expect(reports).toEqual([expect.stringContaining('3 tasks wait for each other')]);
  });

  it('are found when one of them awaits the other, or a group that it is in', async () => {
    const lock = new Lock();
    const awaits = await heard(async () => {
      const waiter = background(() => sleep(1).then(() => lock.run(() => {})), { name: 'waiter' });
      await lock.run(() => waiter.wait());
    });
    expect(awaits).toEqual([expect.stringContaining('waits for task "waiter"')]);
    const other = new Lock();
    const joins = await heard(() => other.run(() => withTaskGroup((tg) => void tg.spawn(() => other.run(() => {})), { name: 'crew' })));
    expect(joins).toEqual([expect.stringContaining('waits for task group "crew"')]);
  });

  it('are reported once, not again by those who come to wait behind them', async () => {
    const [a, b] = [new Lock(), new Lock()];
    const reports = await heard(() => gather([both(a, b), both(b, a), () => sleep(5).then(() => a.run(() => {}))]));
    expect(reports).toHaveLength(1);
  });
});

describe('no deadlock is seen', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['where locks are taken in one order', () => { const [a, b] = [new Lock(), new Lock()]; return gather([both(a, b), both(a, b), both(a, b)]); }],
    ['while a holder sleeps or waits for a queue', () => { const a = new Lock(); const q = new Queue<void>(); return gather([() => a.run(() => q.get()), () => a.run(() => {}), () => sleep(5).then(() => q.put())]); }],
    ['where one of several holders goes on', () => { const s = new Semaphore(2); const l = new Lock(); return gather([both(s, l), both(l, s), () => s.run(() => sleep(5))]); }],
    ['where a semaphore is a signal', async () => {
      const [ping, pong] = [new Semaphore(0), new Semaphore(1)];
      await gather([
        async () => { for (let i = 0; i < 5; i++) { await pong.acquire(); ping.release(); } },
        async () => { for (let i = 0; i < 5; i++) { await ping.acquire(); pong.release(); } },
      ]);
    }],
    ['where a task waits for a second permit that another gives', async () => { const s = new Semaphore(1); await s.acquire(); await gather([() => s.acquire(), () => sleep(1).then(() => s.release())]); }],
    ['between tasks that only await each other', async () => {
      const pair: Task<unknown>[] = [];
      pair.push(background(() => pair[1]?.wait()), background(() => pair[0]?.wait()));
      const lock = new Lock();
      await lock.run(() => sleepForever());
    }],
    ['where a guard was handed on', async () => { const l = new Lock(); const guard = await l.acquire(); background(() => sleep(1).then(() => guard.release())); await withTaskGroup((tg) => void tg.spawn(() => sleep(5).then(() => l.run(() => {})))); }],
  ])('%s', async (_where, main) => {
    expect(await heard(main)).toEqual([]);
  }); // prettier-ignore

  it('without debug mode', () =>
    virtually(async ({ reports }) => {
      const [a, b] = [new Lock(), new Lock()];
      await moveOnAfter(100, () => gather([both(a, b), both(b, a)]));
      expect(reports).toEqual([]);
    }));
});
