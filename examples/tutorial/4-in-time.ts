import { moveOnAfter, run, sleep, TimeoutError, timeout, withTaskGroup } from 'offloop';
import { someFiles } from './files.ts';
import { saved } from './jobs.ts';

await run(async () => {
  const files = await someFiles();

  async function compressForever(): Promise<void> {
    for (;;) {
      for (const file of files) await saved(file);
    }
  }

  // A time limit stops the work, however deep: jobs that wait never run, the one that runs is cancelled.
  try {
    await timeout(500, compressForever);
  } catch (error) {
    if (error instanceof TimeoutError) console.log('out of time');
  }

  // Side by side with something else. The group ends when both have.
  await withTaskGroup((tg) => {
    tg.spawn(() => moveOnAfter(300, compressForever));
    tg.spawn(async () => {
      await sleep(100);
      console.log('meanwhile, the loop does other things');
    });
  });
  console.log('and nothing is left running');
});
