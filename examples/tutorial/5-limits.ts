import { run, ThreadPoolExecutor } from 'offloop';
import { someFiles } from './files.ts';
import { saved } from './jobs.ts';

await run(async () => {
  // One worker with little memory, at most four jobs in line: whoever submits more waits.
  const pool = new ThreadPoolExecutor({ max: 1, maxQueue: 4, resourceLimits: { maxOldGenerationSizeMb: 64 } });
  let total = 0;
  for await (const bytes of pool.map(saved, await someFiles(), { ordered: false })) total += bytes;
  console.log(`compressing saves ${Math.round(total / 1024)} KiB`);

  const { completed, respawned } = pool.statistics();
  console.log(`${completed} jobs, ${respawned} workers replaced`);
  await pool.shutdown();
});
