import { callAt, callLater, callSoon, now, run, sleep } from 'offloop';

const print = (text: string): void => console.log(text);

await run(async () => {
  const start = now();
  callSoon(print, 'soon');
  callLater(20, print, 'later');
  callAt(start + 10, print, 'at a time');
  callLater(15, print, 'never').cancel();
  console.log('first: callbacks wait for the loop');
  await sleep(30);
  console.log('30 ms have passed:', now() - start >= 30 ? 'True' : 'False');
});
