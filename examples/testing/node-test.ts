import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { run, sleep, timeout, TimeoutError } from 'offloop';
import { MockClock } from 'offloop/testing';

await test('an hour is too long', async () => {
  const clock = new MockClock({ autojump: true });
  await assert.rejects(
    run(() => timeout(60_000, () => sleep(3_600_000)), { clock }),
    TimeoutError,
  );
});
