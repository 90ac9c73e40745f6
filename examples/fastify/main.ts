/** A Fastify application whose background task starts and stops with it. */
import { allTasks, run, sleep, withSignal } from 'offloop';
import { application } from './app.ts';

await run(async () => {
  const app = application(async () => {
    await sleep(5); // stands for a request to somewhere else
    return 'EUR 1.08';
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  await sleep(150);
  console.log(await withSignal(async (signal) => (await fetch(`${url}/rates`, { signal })).text()));
  console.log(`tasks while it runs: ${allTasks().size}`);
  await app.close();
  console.log(`tasks after it closed: ${allTasks().size}`);
});
