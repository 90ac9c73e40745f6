import { offload, run, ThreadPoolExecutor, WorkerDiedError } from 'offloop';

const crash = offload(import.meta, () => process.exit(3), { name: 'crash' });
const double = offload(import.meta, (n: number) => n * 2);

await run(async () => {
  const pool = new ThreadPoolExecutor({ max: 1 });
  const jobs = [pool.submit(double, [1]), pool.submit(crash, []), pool.submit(double, [21])] as const;
  console.log(await jobs[0]);
  await jobs[1].catch((error: unknown) => {
    if (error instanceof WorkerDiedError) console.log(`${error.job}: ${error.why} with code ${error.exitCode}`);
  });
  console.log(await jobs[2], 'by another worker');
  await pool.shutdown();
});
