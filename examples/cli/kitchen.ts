import { Queue, run, sleep, withTaskGroup } from 'offloop';

await run(() =>
  withTaskGroup(
    async (tg) => {
      const orders = new Queue<string>();
      tg.spawn(
        async function cook() {
          for (;;) await orders.get();
        },
        { name: 'cook' },
      );
      const soup = tg.spawn(() => withTaskGroup((pot) => void pot.spawn(() => sleep(3_600_000), { name: 'simmer' }), { name: 'pot' }), {
        name: 'soup',
      });
      tg.spawn(() => soup, { name: 'waiter' });
      await sleep(50);
      console.log('open');
    },
    { name: 'kitchen' },
  ),
);
