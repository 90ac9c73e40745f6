import { describe, expect, test, vi } from 'vitest';
import { HEARTBEAT_ROOM } from '../../src/base/worker-loops.ts';
import type { LoopWish } from '../../src/base/worker-loops.ts';
import type { InProgress, WorkerBeater } from '../../src/monitor/worker-beater.ts';
import { LoopWatch } from '../../workers/loop-watch.ts';

const work = () => ({ ties: null });

function start({ threshold = 100, fails = false } = {}) {
  const words = new Int32Array(new SharedArrayBuffer(8));
  words.set([threshold, 25]);
  const loop = { wish: words.buffer as SharedArrayBuffer, heartbeat: new SharedArrayBuffer(HEARTBEAT_ROOM) };
  const events: string[] = [];
  const started: LoopWish[] = [];
  const watch: LoopWatch = new LoopWatch(loop, async (_, wish: LoopWish, inProgress: InProgress) => {
    if (fails) throw new Error('it cannot be loaded');
    expect(inProgress).toBe(watch);
    started.push(wish);
    const say = (what: string) => (): void => void events.push(what);
    return { wake: say('wake'), end: say('end') } as unknown as WorkerBeater;
  });
  return { words, watch, events, started };
}

describe('with a monitor', () => {
  test('the loop beats from the first job that waits; each further one wakes it', async () => {
    const { watch, events, started } = start();
    watch.began(work());
    await vi.waitFor(() => expect(events).toEqual(['wake']));
    watch.began(work());
    expect(events).toEqual(['wake', 'wake']);
    expect(started).toEqual([{ threshold: 100, heartbeat: 25 }]);
  });

  test('what it needs is loaded before the first job where the monitor is there already', async () => {
    const { watch, events, started } = start();
    await watch.getReady();
    expect([started.length, events]).toEqual([1, []]);
    watch.began(work());
    expect(events).toEqual(['wake']);
  });

  test('a job is in progress from its first wait to its end', () => {
    const { watch } = start();
    const [job, before] = [work(), Number(process.hrtime.bigint()) / 1e6];
    expect(watch.any).toBe(false);
    watch.began(job);
    expect([watch.any, watch.anySince(before - 1), watch.anySince(before + 60_000)]).toEqual([true, false, true]);
    watch.ended(job);
    expect([watch.any, watch.anySince(before + 60_000)]).toEqual([false, false]);
  });

  test('calls side by side count, and so do the replies that one job waits for', () => {
    const { watch } = start();
    const alone = watch.sideBySide;
    watch.began({ ties: { waiting: 3 } });
    expect(watch.sideBySide).toBe(alone + 3);
    const calls = Array.from({ length: alone + 9 }, work);
    for (const call of calls) watch.began(call);
    expect(watch.sideBySide).toBe(alone + 10);
    watch.called();
    expect(watch.calls).toBe(1);
  });

  test('another threshold takes the place of the old one', async () => {
    const { words, watch, events, started } = start();
    watch.began(work());
    await vi.waitFor(() => expect(events).toEqual(['wake']));
    words[0] = 50;
    watch.began(work());
    await vi.waitFor(() => expect(events).toEqual(['wake', 'end', 'wake']));
    expect(started.at(-1)).toEqual({ threshold: 50, heartbeat: 25 });
  });

  test('a beater that came too late for it is let go', async () => {
    const { words, watch, events } = start();
    watch.began(work());
    words[0] = 0;
    watch.began(work());
    await vi.waitFor(() => expect(events).toEqual(['end']));
  });

  test('one that cannot be loaded harms nobody', async () => {
    const { watch, events } = start({ fails: true });
    await watch.getReady();
    watch.began(work());
    expect(events).toEqual([]);
  });
});

test('without a monitor nothing is loaded and nothing is noted', async () => {
  const { watch, started } = start({ threshold: 0 });
  await watch.getReady();
  watch.began(work());
  expect([started, watch.any, watch.anySince(Infinity)]).toEqual([[], false, false]);
});

test('when the monitor has gone, the next job lets go of everything', async () => {
  const { words, watch, events } = start();
  watch.began(work());
  await vi.waitFor(() => expect(events).toEqual(['wake']));
  words[0] = 0;
  expect(watch.any).toBe(false);
  watch.began(work());
  expect([events, watch.anySince(Infinity)]).toEqual([['wake', 'end'], false]);
});
