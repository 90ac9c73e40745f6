import { strict as assert } from 'node:assert';
import { Queue, run, throwIfCancelled } from 'offloop';
import { assertCheckpoints } from 'offloop/testing';

async function drain(queue: Queue<number>): Promise<number> {
  let total = 0;
  while (!queue.empty) total += queue.getNowait();
  return total;
}

async function politeDrain(queue: Queue<number>): Promise<number> {
  throwIfCancelled(); // also when there is nothing to do
  return drain(queue);
}

await run(async () => {
  await assert.rejects(
    assertCheckpoints(() => drain(new Queue())),
    /passed none/,
  );
  await assertCheckpoints(() => politeDrain(new Queue()));
  console.log('politeDrain can be cancelled, drain cannot');
});
