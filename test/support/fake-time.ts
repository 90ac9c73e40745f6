/** Time as a number: nothing waits, and everything that is due happens when the test says so. */
import { afterEach, beforeEach, vi } from 'vitest';

/** Installs fake timers for each test of the file; returns what lets time pass. */
export function fakeTime(): (ms: number) => Promise<void> {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(async () => {
    await vi.runAllTimersAsync(); // the clock of the library is one for all tests: none of them must leave it waiting
    vi.useRealTimers();
  });
  return async (ms) => {
    await vi.advanceTimersByTimeAsync(ms);
    await new Promise((resolve) => setImmediate(resolve)); // and the turn of the loop that follows
  };
}

/** Keeps warnings from being printed; returns what collects their texts. */
export function catchWarnings(): () => string {
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  return () => emit.mock.calls.map(([text]) => String(text)).join('\n');
}
