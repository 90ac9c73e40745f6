import { ExecutorFullError, run, ThreadPoolExecutor } from 'offloop';
import { howOften, open, work } from './jobs.ts';

await run(async () => {
  const pool = new ThreadPoolExecutor({ name: 'images', max: 1, maxQueue: 2, onFull: 'reject', init: open });
  await pool.warmup();

  let told = 0;
  const first = pool.submit(work, ['first', 100], { onProgress: () => told++ });
  const order: string[] = [];
  const note = async (job: PromiseLike<string>): Promise<void> => void order.push(await job);
  const later = note(pool.submit(work, ['later', 5], { priority: 10 }));
  const urgent = note(pool.submit(work, ['urgent', 5], { priority: -1 }));
  try {
    await pool.submit(work, ['one too many', 5]);
  } catch (error) {
    if (error instanceof ExecutorFullError) console.log('the line is full');
  }
  console.log(await first, 'is done, and told its progress:', told > 0);
  await Promise.all([later, urgent]);
  console.log('in order of priority:', order.join(', '));
  console.log('init ran in each worker:', await pool.broadcast(howOften, []));

  const { completed, workers, queued } = pool.statistics();
  console.log(`${completed} jobs, ${workers} worker, ${queued} in line`);
  await pool.shutdown(); // waits for what was accepted
});
