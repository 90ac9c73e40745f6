import { expect, test } from 'vitest';
import { ThreadClock } from '../../src/monitor/thread-clock.ts';

test.runIf(process.platform === 'linux')('Linux tells how long a thread ran and queued, each time anew', () => {
  const clock = new ThreadClock(process.pid);
  const before = clock.read()!;
  for (const end = performance.now() + 20; performance.now() < end;);
  const after = clock.read()!;
  expect(after.run + after.queued - before.run - before.queued).toBeGreaterThan(5);
  clock.close();
  expect(clock.read()).toBeNull();
  clock.close();
});

test('of a thread that does not exist nothing is known', () => {
  expect(new ThreadClock(2 ** 30).read()).toBeNull();
});
