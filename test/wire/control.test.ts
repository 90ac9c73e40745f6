import { afterAll, describe, expect, it } from 'vitest';
import { ThreadPoolExecutor } from '../../src/index.ts';
import { ControlBlock, nextSequence, RING, wallClock } from '../../src/wire/control.ts';
import { claimAll, FINISHED, FIRST, GOT, ROUND, SIZE } from '../fixtures/jobs/hammer.ts';

const executor = new ThreadPoolExecutor({ max: 1 });
afterAll(() => executor.shutdown());

describe('claiming', () => {
  it('succeeds once, for a job that was offered', () => {
    const control = new ControlBlock();
    expect(control.claim(1)).toBe(false);
    control.offer(10, 2);
    expect([control.hasBegun(10), control.claim(10), control.hasBegun(10), control.isRunning(10)]).toEqual([false, true, true, true]);
    expect([control.claim(10), control.claim(11), control.claim(12), control.current]).toEqual([false, true, false, 11]);
  });

  it('works around the ring and past the largest number', () => {
    const control = new ControlBlock();
    const last = nextSequence(0, -1);
    for (let n = 0, sequence = nextSequence(last, -RING); n < 2 * RING; n++, sequence = nextSequence(sequence)) {
      control.offer(sequence, 1);
      expect([control.claim(sequence), control.keep(sequence, n, 0), control.kept(sequence)]).toEqual([true, true, n]);
    }
    expect([nextSequence(last), nextSequence(last, 3), nextSequence(1, -3)]).toEqual([0, 2, last - 1]);
  });

  it('says when the last one began', () => {
    const control = new ControlBlock();
    control.offer(1, 2);
    expect(control.startedAt).toBe(0);
    const before = wallClock();
    control.claim(1);
    expect(control.startedAt).toBeGreaterThanOrEqual(before);
    expect(control.startedAt).toBeLessThanOrEqual(wallClock());
    control.begin(false); // its module must be loaded first
    expect(control.startedAt).toBe(0);
    control.begin(true);
    expect(control.startedAt).toBeGreaterThanOrEqual(before);
  });

  it('and everything else is the same for whoever shares the memory', () => {
    const loop = new ControlBlock();
    const worker = new ControlBlock(loop.memory);
    loop.offer(5, 2);
    expect(worker.claim(5)).toBe(true);
    loop.requestCancel(5);
    worker.keep(5, 1.5, 0.25);
    expect([loop.hasBegun(5), loop.kept(5), loop.keptTime(5), worker.mustStop(5), worker.mustStop(6)]).toEqual([
      true,
      1.5,
      0.25,
      true,
      false,
    ]);
  });
});

describe('taking back', () => {
  it('takes one job out of a batch: its neighbours can be claimed', () => {
    const control = new ControlBlock();
    control.offer(1, 3);
    expect([control.takeBack(2), control.hasPassed(2)]).toEqual([true, false]);
    expect([control.claim(1), control.claim(2), control.claim(3), control.hasPassed(2)]).toEqual([true, false, true, true]);
    expect(control.takeBack(2)).toBe(false);
  });

  it('of what has begun, or is over, fails', () => {
    const control = new ControlBlock();
    control.offer(1, 1);
    control.claim(1);
    expect([control.takeBack(1), control.isRunning(1)]).toEqual([false, true]);
    control.posted(1);
    expect([control.takeBack(1), control.isRunning(1), control.hasBegun(1), control.isKept(1)]).toEqual([false, false, true, false]);
  });

  it('and claiming exclude each other: two threads never both have a job, and none is nobody’s', async () => {
    const rounds = 20_000;
    const control = new ControlBlock();
    const gate = new Int32Array(new SharedArrayBuffer(20));
    const claimer = executor.submit(claimAll, [control.memory, gate.buffer, rounds]);
    let [takenBack, first] = [0, 1];
    for (let round = 1; round <= rounds; round++) {
      const size = 1 + (round % 7);
      control.offer(first, size);
      [gate[FIRST], gate[SIZE]] = [first, size];
      Atomics.store(gate, ROUND, round);
      Atomics.notify(gate, ROUND);
      for (let spin = (round * 2654435761) % 257; spin > 0; spin--) control.mustStop(0);
      let back = 0;
      for (let i = size - 1; i >= 0; i--) if (control.takeBack(first + i)) back++;
      while (Atomics.load(gate, FINISHED) < round) Atomics.wait(gate, FINISHED, round - 1, 1000);
      if (gate[GOT]! + back !== size) expect([round, gate[GOT], back]).toEqual([round, size - back, back]);
      takenBack += back;
      first += size;
    }
    await claimer;
    expect(takenBack).toBeGreaterThan(0);
  });
});

describe('a result', () => {
  it('stands in the block when it is a plain number, boolean, null or undefined', () => {
    const control = new ControlBlock();
    const values = [0, -0, 1.5, Number.NaN, -Infinity, 2 ** 53, true, false, null, undefined];
    control.offer(1, values.length);
    values.forEach((value, i) => {
      control.claim(1 + i);
      expect([control.isKept(1 + i), control.keep(1 + i, value, i)]).toEqual([false, true]);
      expect([control.isKept(1 + i), control.isRunning(1 + i), control.keptTime(1 + i)]).toEqual([true, false, i]);
      expect(Object.is(control.kept(1 + i), value)).toBe(true);
    });
  });

  it('of any other kind must be posted', () => {
    const control = new ControlBlock();
    control.offer(1, 1);
    control.claim(1);
    for (const value of ['', 1n, Symbol.iterator, {}, [], () => 0]) expect(control.keep(1, value, 0)).toBe(false);
    expect([control.isRunning(1), control.isKept(1)]).toEqual([true, false]);
  });
});

describe('asking to stop', () => {
  it('is about one job, and forgotten when the next one begins', () => {
    const control = new ControlBlock();
    control.offer(7, 2);
    control.requestCancel(8);
    expect([control.mustStop(7), control.mustStop(8)]).toEqual([false, true]);
    control.claim(7);
    expect(control.mustStop(8)).toBe(false);
  });
});

describe('the wall clock', () => {
  it('is the same in all threads', async () => {
    const before = wallClock();
    const there = await executor.submit(() => performance.timeOrigin + performance.now(), []);
    const after = wallClock();
    expect(there).toBeGreaterThanOrEqual(before);
    expect(there).toBeLessThanOrEqual(after);
  });
});
