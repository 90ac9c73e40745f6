import { strict as assert } from 'node:assert';
import { Queue, run, withTaskGroup } from 'offloop';
import { waitAllTasksBlocked } from 'offloop/testing';

await run(() =>
  withTaskGroup(async (tg) => {
    const orders = new Queue<string>();
    const seen: string[] = [];
    tg.spawn(async () => {
      for await (const order of orders) seen.push(order);
    });

    orders.putNowait('tea');
    orders.putNowait('cake');
    await waitAllTasksBlocked(); // the consumer has dealt with both, and waits for more
    assert.deepEqual(seen, ['tea', 'cake']);

    orders.shutdown(); // its loop ends, so the group does
    console.log(`seen: ${seen.join(', ')}`);
  }),
);
