import { expect, test } from 'vitest';
import { causeOf } from '../../src/monitor/cause.ts';
import type { Signals } from '../../src/monitor/cause.ts';

const busy: Signals = { duration: 200, run: 195, runQueue: 1, gc: 5, late: 1, latency: 1, asked: true, observed: 200, callbacks: 1 };

test.each<[title: string, signals: Partial<Signals>, cause: string]>([
  ['the thread ran, and answered at once', {}, 'javascript'],
  ['one call and its continuation are not many callbacks', { callbacks: 2 }, 'javascript'],
  ['three asynchronous ids are many callbacks', { callbacks: 3 }, 'many-callbacks'],
  ['it ran, and did not answer', { latency: 120 }, 'native'],
  ['it did not answer for the short time it was asked', { observed: 30, latency: 25 }, 'native'],
  ['a short wait for an answer says nothing', { observed: 6, latency: 4 }, 'javascript'],
  ['it neither ran nor queued', { run: 5, latency: 190 }, 'sync-wait'],
  ['it collected garbage, which does not answer either', { gc: 150, latency: 150 }, 'gc'],
  ['garbage was collected by helpers while it slept', { gc: 150, run: 20 }, 'gc'],
  ['it stood in the run queue', { run: 80, runQueue: 115, latency: 100, late: 110 }, 'cpu-starved'],
  ['the watchdog stood still too', { run: 10, late: 180, latency: 180 }, 'suspended'],
  ['a watchdog that is late while the thread runs says nothing', { late: 180 }, 'javascript'],
])('%s', (_title, signals, cause) => {
  expect(causeOf({ ...busy, ...signals })).toBe(cause);
});

test.each<[title: string, signals: Partial<Signals>, cause: string]>([
  ['a thread that did not run slept or starved: unknown', { run: 10, runQueue: null }, 'unknown'],
  ['a watchdog that was late too: stopped or starved, unknown', { run: 10, runQueue: null, late: 150 }, 'unknown'],
  ['a thread that ran and answered: javascript', { runQueue: null }, 'javascript'],
  ['without any CPU time the answers decide', { run: null, runQueue: null, latency: 150 }, 'native'],
  ['with neither CPU time nor answers nothing is claimed', { run: null, runQueue: null, asked: false, latency: 0 }, 'unknown'],
  ['but for the collections, which are measured everywhere', { run: null, runQueue: null, asked: false, gc: 150 }, 'gc'],
])('where the system tells less: %s', (_title, signals, cause) => {
  expect(causeOf({ ...busy, ...signals })).toBe(cause);
});
