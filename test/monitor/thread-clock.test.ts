import { expect, test } from 'vitest';
import { threadTime } from '../../src/monitor/thread-clock.ts';

test.runIf(process.platform === 'linux')('Linux tells how long a thread ran and queued', () => {
  const before = threadTime(process.pid)!;
  for (const end = performance.now() + 20; performance.now() < end;);
  const after = threadTime(process.pid)!;
  expect(after.run + after.queued - before.run - before.queued).toBeGreaterThan(5);
});

test('of a thread that does not exist nothing is known', () => {
  expect(threadTime(2 ** 30)).toBeNull();
});
