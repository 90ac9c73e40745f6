import { afterEach, describe, expect, it, vi } from 'vitest';
import { runInWorker } from '../../src/core/in-worker.ts';
import { enterWorker, workerState } from '../../src/executors/worker-state.ts';

const key = Symbol.for('offloop.worker.v1');
afterEach(() => void Reflect.deleteProperty(globalThis, key));

describe('the state of a worker', () => {
  it('does not exist in a program', () => {
    expect(workerState()).toBeUndefined();
    expect(runInWorker()).toBeNull();
  });

  it('is the same for all copies of the package', () => {
    const state = enterWorker();
    expect((globalThis as unknown as Record<symbol, unknown>)[key]).toBe(state);
    expect([enterWorker(), workerState()]).toEqual([state, state]);
  });

  it('takes the hints when they come', () => {
    enterWorker();
    enterWorker({ mainFile: '/app/main.js' });
    expect(enterWorker().hints).toEqual({ mainFile: '/app/main.js' });
  });

  it('is how run() knows that it is being imported', () => {
    const state = enterWorker();
    const reached = vi.fn<() => void>();
    state.loading = 1;
    state.runReached = reached;
    expect(runInWorker()).toBeInstanceOf(Promise);
    expect(reached).toHaveBeenCalledOnce();
  });

  it('warns through the process until somebody takes that over', () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    enterWorker().warn('/app/main.js', 'text');
    expect(emitWarning).toHaveBeenCalledWith('text', { type: 'OffloopWarning', code: 'OFFLOOP_MAIN_FILE' });
  });
});
