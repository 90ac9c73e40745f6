import { strict as assert } from 'node:assert';
import { now, run, sleep } from 'offloop';
import { blockLoop } from 'offloop/testing';

await run(async () => {
  const began = now();
  const nap = sleep(1);
  blockLoop(150); // what parsing a large JSON text would do
  await nap;
  assert.ok(now() - began >= 150);
  console.log('the nap was late');
});
