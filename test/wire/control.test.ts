import { afterAll, describe, expect, it } from 'vitest';
import { ThreadPoolExecutor } from '../../src/index.ts';
import { ControlBlock, MAX_BATCH, wallClock } from '../../src/wire/control.ts';
import { claimAll, DISORDER, FINISHED, GOT, ROUND } from '../fixtures/jobs/hammer.ts';

const executor = new ThreadPoolExecutor({ max: 1 });
afterAll(() => executor.shutdown());

describe('claiming', () => {
  it('gives each job of the offer once, in order', () => {
    const control = new ControlBlock();
    expect(control.claim()).toBe(-1);
    control.offer(10, 3);
    expect([control.claim(), control.claim(), control.claim(), control.claim(), control.claim()]).toEqual([0, 1, 2, -1, -1]);
    expect([control.claimed, control.sequence(0), control.sequence(2)]).toEqual([3, 10, 12]);
  });

  it('works up to the largest batch', () => {
    const control = new ControlBlock();
    control.offer(1, MAX_BATCH);
    for (let i = 0; i < MAX_BATCH; i++) control.claim();
    expect([control.claimed, control.claim(), control.revoke()]).toEqual([MAX_BATCH, -1, MAX_BATCH]);
  });

  it('says when the last one began; a new offer has not begun', () => {
    const control = new ControlBlock();
    control.offer(1, 2);
    expect(control.startedAt).toBe(0);
    const before = wallClock();
    control.claim();
    expect(control.startedAt).toBeGreaterThanOrEqual(before);
    expect(control.startedAt).toBeLessThanOrEqual(wallClock());
    control.begin(false); // its module must be loaded first
    expect(control.startedAt).toBe(0);
    control.begin(true);
    expect(control.startedAt).toBeGreaterThanOrEqual(before);
    control.offer(3, 1);
    expect([control.startedAt, control.claimed]).toEqual([0, 0]);
  });

  it('and everything else is the same for whoever shares the memory', () => {
    const loop = new ControlBlock();
    const worker = new ControlBlock(loop.memory);
    loop.offer(5, 2);
    expect(worker.claim()).toBe(0);
    loop.requestCancel(5);
    expect([loop.claimed, worker.mustStop(5), worker.mustStop(6)]).toEqual([1, true, false]);
  });
});

describe('taking back', () => {
  it('leaves what was claimed, and nothing can be claimed after it', () => {
    const control = new ControlBlock();
    control.offer(1, 4);
    control.claim();
    expect([control.revoke(), control.claim(), control.revoke(), control.claimed]).toEqual([1, -1, 1, 1]);
  });

  it('of nothing is nothing', () => {
    const control = new ControlBlock();
    expect(control.revoke()).toBe(0);
    control.offer(1, 1);
    control.claim();
    expect(control.revoke()).toBe(1);
  });

  it('and claiming exclude each other: two threads never both have a job, and none is nobody’s', async () => {
    const rounds = 20_000;
    const control = new ControlBlock();
    const gate = new Int32Array(new SharedArrayBuffer(16));
    const claimer = executor.submit(claimAll, [control.memory, gate.buffer, rounds]);
    let takenBack = 0;
    for (let round = 1; round <= rounds; round++) {
      const size = 1 + (round % 7);
      control.offer(round, size);
      Atomics.store(gate, ROUND, round);
      Atomics.notify(gate, ROUND);
      for (let spin = (round * 2654435761) % 257; spin > 0; spin--) control.mustStop(0);
      const left = control.revoke();
      while (Atomics.load(gate, FINISHED) < round) Atomics.wait(gate, FINISHED, round - 1, 1000);
      if (gate[GOT] !== left) expect([round, gate[GOT]]).toEqual([round, left]);
      if (left < size) takenBack++;
    }
    await claimer;
    expect(gate[DISORDER]).toBe(0);
    expect(takenBack).toBeGreaterThan(0);
  });
});

describe('asking to stop', () => {
  it('is about one job, and forgotten with the next offer', () => {
    const control = new ControlBlock();
    control.offer(7, 2);
    control.requestCancel(8);
    expect([control.mustStop(7), control.mustStop(8)]).toEqual([false, true]);
    control.offer(9, 1);
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
