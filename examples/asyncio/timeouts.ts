import { now, run, sleep, timeout, timeoutAt, TimeoutError, waitFor } from 'offloop';

const tooSlow = (what: string) => (error: unknown) => {
  if (!(error instanceof TimeoutError)) throw error;
  console.log(what);
};

await run(async () => {
  await timeout(20, () => sleep(10_000)).catch(tooSlow('too slow'));
  await waitFor(() => sleep(10_000), 20).catch(tooSlow('too slow again'));
  await timeout(20, () => timeout(10_000, () => sleep(5000))).catch(tooSlow('the outer limit')); // it is the nearer one
  await timeoutAt(now() + 10_000, async (scope) => {
    scope.deadline = now() + 20_000;
    console.log('in time', await sleep(1, 'done'));
  });
});
