import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ControlBlock } from '../../src/wire/control.ts';
import { HeapReport } from '../../workers/heap-report.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

it('tells the size of the heap after a job, and not again within two milliseconds', () => {
  const control = new ControlBlock();
  const report = new HeapReport(control);
  expect(control.heapUsed).toBe(0);
  report.afterJob();
  const used = process.memoryUsage().heapUsed / 2 ** 20;
  expect(control.heapUsed).toBeGreaterThan(used / 2);
  expect(control.heapUsed).toBeLessThan(used * 2);
  control.tellHeap(5 * 2 ** 20);
  vi.advanceTimersByTime(1);
  report.afterJob();
  expect(control.heapUsed).toBe(5);
  vi.advanceTimersByTime(1);
  report.afterJob();
  expect(control.heapUsed).not.toBe(5);
});
