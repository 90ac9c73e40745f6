import { afterEach, beforeEach, expect, test } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { forgiveAbandoned } from '../../src/core/abandoned.ts';

// What Node does with the rejections of others is seen in a process of its own: test/realtime/run.test.ts.
const heard: unknown[] = [];
const hear = (reason: unknown): void => void heard.push(reason);
let others: NodeJS.UnhandledRejectionListener[];
const listeners = (): NodeJS.UnhandledRejectionListener[] => process.listeners('unhandledRejection');
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  others = listeners(); // vitest's own, which would fail the test
  for (const listener of others) process.off('unhandledRejection', listener);
});
afterEach(() => {
  process.removeAllListeners('unhandledRejection');
  for (const listener of others) process.on('unhandledRejection', listener);
  heard.length = 0;
});

test('a listener is there while a run lasts, one for all of them', () => {
  const [one, two] = [forgiveAbandoned(), forgiveAbandoned()];
  expect(listeners()).toHaveLength(1);
  one();
  expect(listeners()).toHaveLength(1);
  two();
  expect(listeners()).toHaveLength(0);
});

test('a cancellation needs nobody who hears of it', async () => {
  const done = forgiveAbandoned();
  void Promise.reject(new CancelledError({ source: 'sibling' }));
  await turn();
  done(); // without the listener Node would have ended this process
});

test('who listens for rejections hears of those of others once, and of nothing twice', async () => {
  process.on('unhandledRejection', hear);
  const done = forgiveAbandoned();
  const [foreign, cancelled] = [new Error('foreign'), new CancelledError({ source: 'deadline' })];
  void Promise.reject(foreign);
  void Promise.reject(cancelled);
  await turn();
  done();
  expect(heard).toEqual([foreign, cancelled]);
});
