import { AsyncEvent, Barrier, BoundedSemaphore, Condition, gather, Lock, map, run, sleep, withTaskGroup } from 'offloop';

await run(async () => {
  const [lock, gate, order] = [new Lock(), new AsyncEvent(), [] as string[]];
  await withTaskGroup(async (tg) => {
    for (const name of 'abc') {
      tg.spawn(async () => {
        await gate.wait();
        await lock.run(async () => {
          await sleep(1);
          order.push(name);
        });
      });
    }
    await sleep(10);
    gate.set();
  });
  console.log('in order of asking:', ...order);

  const limit = new BoundedSemaphore(2);
  let [running, peak] = [0, 0];
  const limited = (): Promise<void> =>
    limit.run(async () => {
      peak = Math.max(peak, ++running);
      await sleep(1);
      running--;
    });
  await map(Array(6).keys(), limited);
  console.log('at most', peak, 'at once');

  const [stock, condition] = [[] as string[], new Condition()];
  await withTaskGroup(async (tg) => {
    tg.spawn(async () => {
      const guard = await condition.acquire();
      await condition.waitFor(() => stock.length > 0);
      console.log('bought', stock.pop());
      guard.release();
    });
    await sleep(1);
    const guard = await condition.acquire();
    stock.push('bread');
    condition.notify();
    guard.release();
  });

  const barrier = new Barrier(3);
  const runner = (): Promise<number> => barrier.wait();
  console.log('all at the line:', ...(await gather([runner, runner, runner])).sort());
});
