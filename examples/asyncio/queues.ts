import { LifoQueue, PriorityQueue, Queue, run, withTaskGroup } from 'offloop';

await run(async () => {
  const queue = new Queue<number>(2);
  let total = 0;

  await withTaskGroup(async (tg) => {
    for (let i = 0; i < 2; i++) {
      tg.spawn(async () => {
        for await (const n of queue) {
          total += n; // no sentinels: the loop ends when the queue is shut down and empty
          queue.taskDone();
        }
      });
    }
    for (let n = 0; n < 10; n++) await queue.put(n); // waits while two are in it
    await queue.join();
    queue.shutdown();
  });
  console.log('total', total);

  const urgent = new PriorityQueue<[number, string]>(Infinity, ([a], [b]) => a - b);
  for (const job of [
    [2, 'mail'],
    [1, 'alarm'],
    [3, 'report'],
  ] as [number, string][])
    urgent.putNowait(job);
  console.log(urgent.getNowait()[1], urgent.getNowait()[1], urgent.getNowait()[1]);

  const stack = new LifoQueue<string>();
  for (const plate of 'abc') stack.putNowait(plate);
  console.log(stack.getNowait(), stack.getNowait(), stack.getNowait());
});
