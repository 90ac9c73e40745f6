import { existsSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ThreadPoolExecutor } from '../../src/index.ts';
import { wallClock } from '../../src/wire/control.ts';
import { ControlFile, ControlFileWorker } from '../../src/wire/control-file.ts';
import { claimAll, DISORDER, FINISHED, GOT, ROUND } from '../fixtures/jobs/hammer.ts';

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
  it('gives each job of the offer once, in order', () => {
    const { loop, worker } = pair();
    expect(worker.claim()).toBe(-1);
    loop.offer(10, 3);
    expect([worker.claim(), worker.claim(), worker.claim(), worker.claim(), worker.claim()]).toEqual([0, 1, 2, -1, -1]);
    expect([loop.claimed, worker.sequence(0), worker.sequence(2)]).toEqual([3, 10, 12]);
    loop.offer(13, 1);
    expect([loop.claimed, worker.claim(), loop.claimed, worker.claim()]).toEqual([0, 0, 1, -1]);
  });

  it('says when the last one began; a new offer has not begun', () => {
    const { loop, worker } = pair();
    loop.offer(1, 2);
    expect(loop.startedAt).toBe(0);
    const before = wallClock();
    worker.claim();
    expect(loop.startedAt).toBeGreaterThanOrEqual(before - 1);
    expect(loop.startedAt).toBeLessThanOrEqual(wallClock() + 1);
    worker.begin(false); // its module must be loaded first
    expect(loop.startedAt).toBe(0);
    worker.begin(true);
    expect(loop.startedAt).toBeGreaterThanOrEqual(before - 1);
    loop.offer(3, 1);
    expect([loop.startedAt, loop.claimed]).toEqual([0, 0]);
  });
});

describe('taking back', () => {
  it('leaves what was claimed, and nothing can be claimed after it', () => {
    const { loop, worker } = pair();
    loop.offer(1, 4);
    worker.claim();
    expect([loop.revoke(), worker.claim(), loop.revoke(), loop.claimed]).toEqual([1, -1, 1, 1]);
  });

  it('of nothing is nothing', () => {
    const { loop, worker } = pair();
    expect(loop.revoke()).toBe(0);
    loop.offer(1, 1);
    worker.claim();
    expect(loop.revoke()).toBe(1);
  });

  it('and claiming exclude each other, without any lock', async () => {
    const rounds = 1000;
    const loop = new ControlFile();
    open.push(loop);
    const gate = new Int32Array(new SharedArrayBuffer(16));
    const claimer = executor.submit(claimAll, [loop.path, gate.buffer, rounds]);
    let takenBack = 0;
    let claimed = 0;
    for (let round = 1; round <= rounds; round++) {
      const size = 1 + (round % 7);
      loop.offer(round, size);
      Atomics.store(gate, ROUND, round);
      Atomics.notify(gate, ROUND);
      for (let spin = (round * 2654435761) % 40_009; spin > 0; spin--) Atomics.load(gate, ROUND);
      const left = loop.revoke();
      while (Atomics.load(gate, FINISHED) < round) Atomics.wait(gate, FINISHED, round - 1, 1000);
      if (gate[GOT] !== left) expect([round, gate[GOT]]).toEqual([round, left]);
      if (left < size) takenBack++;
      if (left > 0) claimed++;
    }
    await claimer;
    expect([gate[DISORDER], takenBack > 0, claimed > 0]).toEqual([0, true, true]);
  });
});

describe('asking to stop', () => {
  it('is about one job, is seen within milliseconds, and forgotten with the next offer', async () => {
    const { loop, worker } = pair();
    loop.offer(7, 2);
    worker.claim();
    expect(worker.mustStop(7)).toBe(false);
    loop.requestCancel(8);
    await aMoment();
    expect([worker.mustStop(7), worker.mustStop(8)]).toEqual([false, true]);
    expect([loop.claimed, loop.revoke()]).toEqual([1, 1]);
    loop.offer(9, 1);
    await aMoment();
    expect(worker.mustStop(9)).toBe(false);
    expect(worker.mustStop(8)).toBe(false);
  });

  it('asks the file only once in a while: it may be asked in a tight loop', () => {
    const { loop, worker } = pair();
    loop.offer(1, 1);
    worker.claim();
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

  it('tells what was known last when it is closed', () => {
    const { loop, worker } = pair();
    loop.offer(5, 3);
    worker.claim();
    loop.close();
    worker.claim();
    expect(loop.claimed).toBe(1);
    loop.requestCancel(5);
    expect([loop.revoke(), loop.lastWords()]).toEqual([1, null]);
  });

  it('keeps the last words of a worker', () => {
    const { loop, worker } = pair();
    expect(loop.lastWords()).toBe(null);
    const words = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
    worker.sayLastWords(words);
    expect(Buffer.compare(loop.lastWords()!, words)).toBe(0);
  });
});
