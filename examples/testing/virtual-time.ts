import { strict as assert } from 'node:assert';
import { now, run, sleep } from 'offloop';
import { MockClock } from 'offloop/testing';

/** The code under test: tries again after 1 s, 2 s, 4 s, … */
async function persist(attempt: () => boolean): Promise<number> {
  for (let pause = 1_000; ; pause *= 2) {
    if (attempt()) return now();
    await sleep(pause);
  }
}

let attempts = 0;
const began = performance.now();
const finished = await run(() => persist(() => ++attempts === 12), { clock: new MockClock({ autojump: true }) });

assert.equal(finished, 2_047_000); // virtual milliseconds: 34 minutes
assert.ok(performance.now() - began < 1_000); // real ones
console.log(`12 attempts in ${finished / 1_000} virtual seconds`);
