import { formatCallGraph, Queue, run, withTaskGroup } from 'offloop';
import { waitAllTasksBlocked } from 'offloop/testing';

await run(async () => {
  const orders = new Queue<string>();
  await withTaskGroup(
    async (tg) => {
      const order = tg.spawn(() => orders.get(), { name: 'next order' });
      tg.spawn(() => order, { name: 'waiter' });
      tg.spawn(() => order.wait(), { name: 'auditor' });

      await waitAllTasksBlocked();
      console.log(formatCallGraph(order, { limit: 0 }));
      orders.putNowait('tea');
    },
    { name: 'restaurant' },
  );
});
