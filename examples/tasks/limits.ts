import { background, run, shield, sleep, sleepForever, timeout, TimeoutError, waitFor } from 'offloop';

await run(async () => {
  const task = background(() => sleep(40, 'the result'));

  // Stops waiting; the task goes on, because awaiting a task never cancels it.
  await timeout(5, () => task).catch((error: Error) => console.log(error.name, task.state));
  console.log(await task);

  // Stops the work as well, and waits for its cleanup.
  const work = background(async () => {
    try {
      await sleepForever();
    } finally {
      await shield(() => sleep(5)); // cleanup that must finish
      console.log('cleaned up');
    }
  });
  try {
    await waitFor(work, 5);
  } catch (error) {
    console.log(error instanceof TimeoutError, work.state);
  }
});
