import { moveOnAfter, now, run, sleep, timeout, timeoutAt, TimeoutError, waitFor, withTaskGroup } from 'offloop';

async function slow(): Promise<string> {
  await sleep(60_000);
  return 'late';
}

await run(async () => {
  // An error when it takes too long. The work is stopped, and its cleanup waited for.
  await timeout(10, slow, { message: 'no answer from the sensor' }).catch((error: TimeoutError) =>
    console.log(`${error.name}: ${error.message}`),
  );

  // No error: go on with something else.
  console.log(await moveOnAfter(10, slow, { fallback: 'the cached value' }));

  // One deadline for several steps.
  const deadline = now() + 10;
  try {
    await timeoutAt(deadline, slow);
  } catch (error) {
    console.log(`the deadline is in the error: ${error instanceof TimeoutError && error.deadline === deadline}`);
  }

  // A task is not cancelled by whoever awaits it; waitFor cancels it, by name.
  await withTaskGroup(async (tg) => {
    const task = tg.spawn(slow);
    await timeout(10, () => task).catch(() => console.log(`after timeout: ${task.state}`));
    await waitFor(task, 10).catch(() => console.log(`after waitFor: ${task.state}`));
  });
});
