import { describe, expect, it } from 'vitest';
import { Batching } from '../../src/executors/batching.ts';
import type { Slot } from '../../src/executors/slot.ts';
import { RING } from '../../src/wire/control.ts';
import { collectTransfer, move } from '../../src/wire/transfer.ts';
import { makeJob } from '../support/jobs.ts';

const slot = (state: Partial<Slot> = {}): Slot =>
  ({ isReady: true, busy: true, stuck: false, retired: false, load: 0, inFlight: 1, room: RING - 1, ...state }) as Slot;

describe('the cost of a job', () => {
  it('is what its function took; nothing is free', () => {
    const batching = new Batching();
    const job = makeJob();
    batching.ran(job, 0.1);
    expect(batching.cost(job)).toBe(0.1);
    const quick = new Batching();
    quick.ran(job, 1e-9);
    expect(quick.cost(job)).toBeGreaterThan(1e-4);
  });

  it('is beyond any load when it must travel alone', () => {
    const batching = new Batching();
    expect(batching.cost(makeJob())).toBe(Infinity);
    batching.ran(makeJob(), 0.5);
    expect(batching.cost(makeJob())).toBe(Infinity);
    const cheap = new Batching();
    cheap.ran(makeJob(), 0.1);
    expect(cheap.cost(makeJob({ queueTimeout: 5 }))).toBe(Infinity);
    const moving = makeJob({}, [move(new ArrayBuffer(8))]);
    expect([cheap.cost(moving), cheap.cost(makeJob({}, [1]))]).toEqual([Infinity, 0.1]);
    collectTransfer(moving.args);
    expect(cheap.cost(makeJob({}, [{}]))).toBe(0.1);
    expect(cheap.cost(Object.assign(makeJob(), { ties: {} }))).toBe(Infinity);
  });
});

describe('a share', () => {
  it('is fair, at least one job, and no more than a message or the worker can take', () => {
    const batching = new Batching();
    expect([batching.share(slot(), 10, 3), batching.share(slot(), 0, 3)]).toEqual([4, 1]);
    expect([batching.share(slot(), 1e6, 2), batching.share(slot({ room: 7 }), 1e6, 2)]).toEqual([256, 7]);
  });

  it('of a worker that starts up is one job', () => {
    expect(new Batching().share(slot({ isReady: false }), 100, 1)).toBe(1);
  });
});

describe('a busy worker', () => {
  it('gets more when that is worth a message', () => {
    const batching = new Batching();
    const wants = (state: Partial<Slot>, queued = 100): boolean => batching.wantsMore(slot(state), queued);
    expect(wants({})).toBe(true);
    expect([wants({}, 10), wants({ load: 0.6 }), wants({ inFlight: 101 }), wants({ stuck: true }), wants({ retired: true })]).toEqual(
      new Array(5).fill(false),
    );
    expect([wants({ busy: false }), wants({ isReady: false }), batching.fits(slot({ load: 0.5 }), 0.6)]).toEqual([false, false, false]);
  });
});
