import { existsSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ThreadPoolExecutor } from '../../src/index.ts';
import { RING, wallClock } from '../../src/wire/control.ts';
import { ControlFile, ControlFileWorker } from '../../src/wire/control-file.ts';
import { claimAll, FINISHED, FIRST, GOT, ROUND, SIZE } from '../fixtures/jobs/hammer.ts';

const executor = new ThreadPoolExecutor({ max: 1 });
afterAll(() => executor.shutdown());

let open: ControlFile[] = [];
afterEach(() => {
  for (const loop of open) loop.close();
  open = [];
});

function pair(): { loop: ControlFile; worker: ControlFileWorker } {
  const loop = new ControlFile();
  open.push(loop);
  return { loop, worker: new ControlFileWorker(loop.path) };
}

/** Longer than a worker goes without a look at the file. */
const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));

describe('claiming', () => {
  it('gives each job of the offer once', () => {
    const { loop, worker } = pair();
    expect([loop.current, loop.hasBegun(1)]).toEqual([0, false]);
    loop.offer(1, 3);
    expect([worker.claim(1), loop.hasBegun(1), loop.hasBegun(2), loop.isRunning(1)]).toEqual([true, true, false, true]);
    worker.posted(1);
    expect([worker.claim(2), loop.isRunning(1), loop.hasBegun(1), loop.isRunning(2), loop.current]).toEqual([true, false, true, true, 2]);
  });

  it('says when the last one began', () => {
    const { loop, worker } = pair();
    loop.offer(1, 2);
    expect(loop.startedAt).toBe(0);
    const before = wallClock();
    worker.claim(1);
    expect(loop.startedAt).toBeGreaterThanOrEqual(before - 1);
    expect(loop.startedAt).toBeLessThanOrEqual(wallClock() + 1);
    worker.begin(false); // its module must be loaded first
    expect(loop.startedAt).toBe(0);
    worker.begin(true);
    expect(loop.startedAt).toBeGreaterThanOrEqual(before - 1);
  });

  it('knows the order of numbers that wrap', () => {
    const { loop, worker } = pair();
    const last = 0x3fffffff;
    loop.offer(last, 1);
    loop.offer(0, 1);
    worker.claim(last - 1);
    expect([loop.hasBegun(last), loop.hasBegun(0)]).toEqual([false, false]);
    worker.claim(last);
    expect([loop.hasBegun(last), loop.hasBegun(0)]).toEqual([true, false]);
    worker.claim(0);
    expect([loop.hasBegun(last), loop.hasBegun(0), loop.isRunning(last)]).toEqual([true, true, false]);
  });
});

describe('taking back', () => {
  it('is about one job: its neighbours can be claimed, what was claimed stays', () => {
    const { loop, worker } = pair();
    loop.offer(1, 4);
    worker.claim(1);
    expect([loop.takeBack(1), loop.takeBack(3)]).toEqual([false, true]);
    expect([worker.claim(2), worker.claim(3), worker.claim(4)]).toEqual([true, false, true]);
    expect([loop.hasBegun(3), loop.isRunning(3), loop.isRunning(4)]).toEqual([false, false, true]);
  });

  it('is forgotten when the place in the ring is used again', () => {
    const { loop, worker } = pair();
    loop.offer(1, 1);
    loop.takeBack(1);
    worker.claim(1);
    loop.offer(1 + RING, 1);
    expect([worker.claim(1 + RING), loop.isRunning(1 + RING)]).toEqual([true, true]);
  });

  it('and claiming exclude each other, without any lock', async () => {
    const rounds = 1000;
    const loop = new ControlFile();
    open.push(loop);
    const gate = new Int32Array(new SharedArrayBuffer(20));
    const claimer = executor.submit(claimAll, [loop.path, gate.buffer, rounds]);
    let first = 1;
    let takenBack = 0;
    let claimed = 0;
    for (let round = 1; round <= rounds; round++) {
      const size = 1 + (round % 7);
      loop.offer(first, size);
      gate[FIRST] = first;
      gate[SIZE] = size;
      Atomics.store(gate, ROUND, round);
      Atomics.notify(gate, ROUND);
      for (let spin = (round * 2654435761) % 40_009; spin > 0; spin--) Atomics.load(gate, ROUND);
      let back = 0;
      for (let i = size - 1; i >= 0; i--) if (loop.takeBack(first + i)) back++;
      while (Atomics.load(gate, FINISHED) < round) Atomics.wait(gate, FINISHED, round - 1, 1000);
      if (gate[GOT] !== size - back) expect([round, gate[GOT]]).toEqual([round, size - back]);
      takenBack += back;
      claimed += size - back;
      first += size;
    }
    await claimer;
    expect([takenBack > 0, claimed > 0]).toEqual([true, true]);
  });
});

describe('asking to stop', () => {
  it('is about one job, is seen within milliseconds, and forgotten with the next offer', async () => {
    const { loop, worker } = pair();
    loop.offer(7, 2);
    worker.claim(7);
    expect(worker.mustStop(7)).toBe(false);
    loop.requestCancel(8);
    await aMoment();
    expect([worker.mustStop(7), worker.mustStop(8)]).toEqual([false, true]);
    loop.offer(9, 1);
    await aMoment();
    expect([worker.mustStop(9), worker.mustStop(8)]).toEqual([false, false]);
  });

  it('asks the file only once in a while: it may be asked in a tight loop', () => {
    const { loop, worker } = pair();
    loop.offer(1, 1);
    worker.claim(1);
    const start = performance.now();
    for (let i = 0; i < 100_000; i++) worker.mustStop(1);
    expect(performance.now() - start).toBeLessThan(1000); // as system calls it would be more
  });
});

describe('the file', () => {
  it('has no name any more once the worker has it, and none when it never came', () => {
    const { loop } = pair();
    const alone = new ControlFile();
    expect([existsSync(loop.path), existsSync(alone.path)]).toEqual([false, true]);
    alone.close();
    alone.close();
    expect(existsSync(alone.path)).toBe(false);
  });

  it('tells what was known last when it is closed, and takes nothing back any more', () => {
    const { loop, worker } = pair();
    loop.offer(5, 3);
    worker.claim(5);
    loop.close();
    worker.claim(6);
    loop.requestCancel(5);
    expect([loop.hasBegun(5), loop.hasBegun(6), loop.takeBack(7), loop.lastWords()]).toEqual([true, false, false, null]);
  });

  it('keeps the last words of a worker', () => {
    const { loop, worker } = pair();
    expect(loop.lastWords()).toBe(null);
    const words = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
    worker.sayLastWords(words);
    expect(Buffer.compare(loop.lastWords()!, words)).toBe(0);
  });
});
