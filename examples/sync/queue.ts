import { Queue, run, sleep, withTaskGroup } from 'offloop';

await run(async () => {
  const jobs = new Queue<string>(2); // a producer waits while two are in line
  await withTaskGroup(async (tg) => {
    for (const worker of ['w1', 'w2']) {
      tg.spawn(async () => {
        for await (const job of jobs) {
          await sleep(10);
          console.log(`${worker} did ${job}`);
          jobs.taskDone();
        }
      });
    }
    for (const job of ['a', 'b', 'c', 'd']) await jobs.put(job);
    await jobs.join();
    jobs.shutdown(); // ends both loops
  });
});
