/** The far side: how it begins and ends, and how its jobs are stopped. */
import { describe, expect, it, vi } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { workerState } from '../../src/executors/worker-state.ts';
import type { ControlBlock } from '../../src/wire/control.ts';
import { decodeThrown, encodeThrown } from '../../src/wire/error-codec.ts';
import type { Encoded } from '../../src/wire/error-codec.ts';
import { ERROR, VALUE } from '../../src/wire/protocol.ts';
import { Far, hello, inline, reach } from '../support/far.ts';

describe('cancelling', () => {
  const waiting = async (far: Far): Promise<number> => {
    const fn = far.define(async function waits() {
      const { signal } = globalThis.reach.currentJob()!;
      globalThis.reach.calls.push('runs');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw signal.reason;
    });
    const base = far.send(fn, []);
    await vi.waitUntil(() => reach.calls.length > 0);
    return base;
  };

  it('aborts the signal of the running job, with the reason', async () => {
    const far = new Far();
    const sequence = await waiting(far);
    far.server.receive({ type: 'cancel', sequence, reason: encodeThrown(new CancelledError({ source: 'deadline', reason: 'late' })) });
    const [[kind, error] = []] = await far.outcomes(1);
    expect(kind).toBe(ERROR);
    expect(error).toBeInstanceOf(CancelledError);
    expect(error).toMatchObject({ source: 'deadline', reason: 'late' });
  });

  it('of a job that has ended harms nobody', async () => {
    const far = new Far();
    const sequence = await waiting(far);
    far.server.receive({ type: 'cancel', sequence: sequence - 1, reason: encodeThrown(new CancelledError()) });
    await new Promise((resolve) => setImmediate(resolve));
    expect(far.heard).toEqual([]);
    far.server.receive({ type: 'cancel', sequence, reason: encodeThrown(new CancelledError()) });
    await far.outcomes(1);
    far.server.receive({ type: 'cancel', sequence, reason: encodeThrown(new CancelledError()) });
  });

  it('while the function is being found keeps it from beginning', async () => {
    const far = new Far();
    const fn = far.define(function late() {
      globalThis.reach.calls.push('ran');
    });
    const sequence = far.send(fn, []);
    far.server.receive({ type: 'cancel', sequence, reason: encodeThrown(new CancelledError()) });
    const [[kind, error] = []] = await far.outcomes(1);
    expect([kind, (error as CancelledError).code, reach.calls]).toEqual([ERROR, 'OFFLOOP_CANCELLED', []]);
  });

  it('by the flag alone is seen by a job that never yields', async () => {
    const far = new Far();
    (globalThis as unknown as { control: ControlBlock }).control = far.control;
    const fn = far.define(function tight() {
      const job = globalThis.reach.currentJob()!;
      const before = job.cancelled;
      (globalThis as unknown as { control: ControlBlock }).control.requestCancel(1);
      return [before, job.cancelled, job.signal.aborted];
    });
    far.send(fn, []);
    expect(await far.outcomes(1)).toEqual([[VALUE, [false, true, true]]]);
  });
});

describe('getting ready', () => {
  it('runs init once, before the first job', async () => {
    const far = new Far();
    const init = inline(function init() {
      globalThis.reach.calls.push('init');
    });
    expect(await far.server.getReady(hello({ init }))).toEqual({});
    expect(reach.calls).toEqual(['init']);
  });

  it('says why it could not', async () => {
    const failing = inline(function init() {
      throw new Error('no licence');
    });
    const { unready } = await new Far().server.getReady(hello({ init: failing }));
    expect(decodeThrown(unready!)).toMatchObject({ message: 'no licence' });
    const missing = await new Far().server.getReady(hello({ preload: ['file:///nowhere/none.js'] }));
    expect(decodeThrown(missing.unready!)).toMatchObject({ why: 'load-failed', url: 'file:///nowhere/none.js' });
  });

  it('sends warnings about modules to the loop, which prints each once', async () => {
    const far = new Far();
    await far.server.getReady(hello());
    workerState()!.warn('/app/main.js', 'prints');
    await far.next();
    expect(far.heard).toEqual([{ type: 'warning', file: '/app/main.js', text: 'prints' }]);
  });
});

describe('saying goodbye', () => {
  it('runs the teardown, then says that it is over', async () => {
    const far = new Far();
    const teardown = inline(async function teardown() {
      await Promise.resolve();
      globalThis.reach.calls.push('teardown');
    });
    await far.server.getReady(hello({ teardown }));
    far.server.receive({ type: 'goodbye' });
    await far.next();
    expect([far.heard, reach.calls]).toEqual([[{ type: 'goodbye' }], ['teardown']]);
  });

  it('without a teardown is short', async () => {
    const far = new Far();
    far.server.receive({ type: 'goodbye' });
    await far.next();
    expect(far.heard).toEqual([{ type: 'goodbye' }]);
  });

  it('tells what the teardown throws', async () => {
    const far = new Far();
    const teardown = inline(function teardown() {
      throw new Error('disk full');
    });
    await far.server.getReady(hello({ teardown }));
    far.server.receive({ type: 'goodbye' });
    await far.next();
    expect(decodeThrown((far.heard[0] as { failed: Encoded }).failed)).toMatchObject({ message: 'disk full' });
  });
});
