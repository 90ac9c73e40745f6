import { CancelScope, CancelledError, checkpoint, currentEffectiveDeadline, now, run, sleep } from 'offloop';

await run(async () => {
  const scope = new CancelScope({ timeout: 50, name: 'upload' });
  await scope.run(async (s) => {
    const left = currentEffectiveDeadline() - now();
    console.log(`about 50 ms left: ${left > 40 && left <= 50}`);
    s.deadline = now() + 5_000; // more time, while it runs
    setTimeout(() => s.cancel('the user went away'), 20);
    try {
      await sleep(60_000);
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
      console.log(`${error.source}: ${error.reason as string}`);
      // Swallowed by mistake: the next checkpoint throws again.
    }
    await checkpoint();
    console.log('never printed');
  });
  console.log(`cancelled: ${scope.cancelledCaught}`); // the scope swallowed its own CancelledError; the program goes on
});
