import { callLater, openSignalReceiver, run } from 'offloop';

await run(
  async () => {
    callLater(10, () => process.kill(process.pid, 'SIGTERM')); // somebody stops us
    for await (const signal of openSignalReceiver('SIGTERM')) {
      console.log(`${signal}: finishing the work`);
      break;
    }
  },
  { signals: ['SIGINT'] }, // left out, SIGTERM cancels main and its cleanup runs: often that is all one needs
);
