import { CancelScope, run, shield, sleep, TimeoutError } from 'offloop';

async function work(): Promise<void> {
  try {
    await sleep(60_000);
  } finally {
    // In a cancelled scope every wait throws at once; cleanup that waits goes inside a shield, with a limit of its own.
    await shield(() => sleep(5).then(() => console.log('connection closed')), { timeout: 1_000 });
  }
}

await run(async () => {
  const scope = new CancelScope();
  setTimeout(() => scope.cancel(), 10);
  await scope.run(work);
  console.log('stopped, and tidied up');

  await shield(() => sleep(60_000), { timeout: 10 }).catch((error: unknown) => console.log(`gave up: ${error instanceof TimeoutError}`));
});
