import { callAt, callLater, callSoon, now, run, setExceptionHandler, sleep } from 'offloop';

setExceptionHandler(({ message, error }) => console.log(`${message}: ${(error as Error).message}`));

await run(async () => {
  callLater(20, (text: string) => console.log(text), 'later');
  callAt(now() + 30, () => console.log('at'));
  callSoon(() => console.log('soon'));
  callSoon(function refresh() {
    throw new Error('nobody catches this');
  });

  const handle = callLater(10, () => console.log('never'));
  handle.cancel();

  callLater(60_000, () => console.log('never')).unref(); // does not keep the process alive
  await sleep(60);
});
