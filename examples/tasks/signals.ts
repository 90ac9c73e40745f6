import { callLater, moveOnAfter, openSignalReceiver, run } from 'offloop';

await run(async () => {
  const signals = openSignalReceiver('SIGHUP', 'SIGUSR2');
  callLater(10, () => process.kill(process.pid, 'SIGHUP')); // stands for `kill -HUP`

  await moveOnAfter(5_000, async () => {
    for await (const signal of signals) {
      console.log(`reloading because of ${signal}`);
      break; // a daemon would go on
    }
  });
});
