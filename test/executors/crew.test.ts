/** What the pool's own tests do not see: the crew without a pool. */
import { describe, expect, it, vi } from 'vitest';
import { InvalidStateError } from '../../src/base/errors.ts';
import { Crew } from '../../src/executors/crew.ts';
import type { PoolOptions } from '../../src/executors/executor.ts';
import { resolvePoolOptions } from '../../src/executors/options.ts';
import type { Slot } from '../../src/executors/slot.ts';
import { fakeTime } from '../support/fake-time.ts';
import { FakeWorker } from '../support/fake-worker.ts';
import { makeJob } from '../support/jobs.ts';
import { failure } from '../support/virtual.ts';

const pass = fakeTime();

function makeCrew(options: PoolOptions): { crew: Crew; workers: FakeWorker[]; left: Slot[]; broken: { by: Error | null } } {
  const workers: FakeWorker[] = [];
  const left: Slot[] = [];
  const broken = { by: null as Error | null };
  const nothing = (): void => {};
  const host = {
    slotFree: nothing,
    slotAdvanced: nothing,
    slotDied: nothing,
    jobEnded: nothing,
    warn: nothing,
    mayOpen: nothing,
    slotLeaves: (slot: Slot) => void left.push(slot),
  };
  const crew = new Crew(
    resolvePoolOptions(options, 'crew'),
    (listener) => {
      if (broken.by !== null) throw broken.by;
      workers.push(new FakeWorker(listener));
      return workers.at(-1)!;
    },
    host,
  );
  return { crew, workers, left, broken };
}

describe('Crew', () => {
  it('never has more than max workers (20)', () => {
    const { crew, workers } = makeCrew({ max: 2 });
    expect([crew.open(), crew.open(), crew.open()].map((slot) => slot !== null)).toEqual([true, true, false]);
    crew.grow(10);
    expect([crew.size, workers.length]).toEqual([2, 2]);
  });

  it('says why a worker cannot be started', async () => {
    const { crew, broken } = makeCrew({ name: 'mine' });
    broken.by = new Error('EAGAIN');
    const error = await failure(() => crew.open());
    expect(error).toBeInstanceOf(InvalidStateError);
    expect(error).toMatchObject({ message: 'mine could not start a worker: EAGAIN', cause: broken.by });
    expect(crew.size).toBe(0);
  });

  it('picks who rested last, and lets one be taken out of turn', () => {
    const { crew } = makeCrew({ max: 3 });
    crew.grow(3);
    const [a, b, c] = [...crew.slots];
    expect(crew.take(b!)).toBe(b);
    expect([crew.pick(), crew.pick(), crew.pick()]).toEqual([c, a, undefined]);
    crew.take(a!); // rests no more: nothing happens
    expect(crew.idle).toBe(0);
  });

  it('counts as respawned what was started in place of a lost worker, not of a dismissed one', async () => {
    const { crew } = makeCrew({ max: 2 });
    const [a, b] = [crew.open()!, crew.open()!];
    crew.remove(a, true);
    await crew.dismiss(b);
    expect(crew.respawned).toBe(0);
    crew.grow(2);
    expect(crew.respawned).toBe(1);
  });

  it('kills a worker and hands out what it had, when it is gone', async () => {
    const { crew, workers, left } = makeCrew({ max: 1 });
    const slot = crew.open()!;
    const job = makeJob();
    slot.send([job]);
    workers[0]!.stubborn = true;
    let jobs: unknown = null;
    const killed = crew.kill(slot).then((had) => (jobs = had));
    expect([crew.size, left]).toEqual([0, [slot]]);
    await pass(1000);
    expect(jobs).toBe(null);
    workers[0]!.go();
    await killed;
    expect(jobs).toEqual([job]);
  });

  it('disbands: all leave, the killed ones too, and none comes after (114)', async () => {
    const { crew, workers } = makeCrew({ max: 3 });
    crew.grow(3);
    const [first] = crew.slots;
    workers[0]!.stubborn = true;
    void crew.kill(first!);
    let over = false;
    const disbanded = crew.disband().then(() => (over = true));
    await pass(10);
    expect([over, workers.map((w) => w.terminated)]).toEqual([false, [true, true, true]]);
    workers[0]!.go();
    await disbanded;
    expect([crew.open(), crew.size]).toEqual([null, 0]);
  });

  it('its timer for idle workers does not keep the process alive, and goes with the last of them', async () => {
    const unref = vi.spyOn(globalThis, 'setTimeout');
    const { crew } = makeCrew({ max: 2, idleTimeout: 1000 });
    crew.grow(2);
    expect(unref).toHaveBeenCalledTimes(1);
    expect((unref.mock.results[0]!.value as NodeJS.Timeout).hasRef()).toBe(false);
    await pass(3000);
    expect([crew.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('an idle time of more than 24 days is a long time, not none', async () => {
    const { crew } = makeCrew({ max: 1, idleTimeout: 2 ** 33 });
    crew.grow(1);
    await pass(2 ** 31 + 10);
    expect(crew.size).toBe(1);
    await crew.disband();
  });
});
