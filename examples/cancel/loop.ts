import { checkpoint, moveOnAfter, now, run, sleepForever, sleepUntil, throwIfCancelled } from 'offloop';

function sumOfSquares(from: number, to: number): number {
  throwIfCancelled(); // the synchronous cancel point
  let sum = 0;
  for (let n = from; n < to; n++) sum += n * n;
  return sum;
}

await run(async () => {
  let chunks = 0;
  await moveOnAfter(20, async () => {
    for (let from = 0; ; from += 10_000) {
      sumOfSquares(from, from + 10_000);
      chunks++;
      await checkpoint(); // timers, I/O and other tasks run; throws once the time is over
    }
  });
  console.log(`stopped after some chunks: ${chunks > 0}`);

  const tick = now() + 10;
  await sleepUntil(tick);
  console.log(`never early: ${now() >= tick}`);
  await moveOnAfter(10, () => sleepForever());
});
