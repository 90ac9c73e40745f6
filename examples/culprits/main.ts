/** Three jobs in a shop, and each blocks the loop in a way of its own. Prints which line, in which task and why, and makes a page of it. */
import { resolve } from 'node:path';
import { LoopMonitor, run, sleep, withTaskGroup } from 'offloop';
import { exportOrders, hashPassword, tidy } from './jobs.ts';

const report = resolve(process.argv[2] ?? 'lag.html');

async function preview(comment: string): Promise<string> {
  return tidy(comment);
}

async function signUp(password: string): Promise<string> {
  return hashPassword(password);
}

async function nightly(): Promise<string> {
  return exportOrders();
}

await run(async () => {
  const monitor = new LoopMonitor({ report }).start();
  await withTaskGroup(async (tg) => {
    const jobs = {
      'preview of comment 17': () => preview(`nice${' '.repeat(22_000)}!`),
      'sign up ada': () => signUp('correct horse'),
      'nightly export': () => nightly(),
      'preview of comment 18': () => preview(`so so${' '.repeat(18_000)}!`),
      'sign up bob': () => signUp('battery staple'),
    };
    await sleep(500); // what happens in the first second counts as start-up
    for (const [name, job] of Object.entries(jobs)) {
      await sleep(1200); // one block is printed a second
      await tg.spawn(job, { name });
    }
  });
  await sleep(300);
  monitor.stop();
});
console.log(`the page: ${report}`);
