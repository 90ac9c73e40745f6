import { CapacityLimiter, run, sleep, withTaskGroup } from 'offloop';

const limiter = new CapacityLimiter(1);

await run(() =>
  withTaskGroup(async (tg) => {
    for (const name of ['a', 'b', 'c']) {
      tg.spawn(() =>
        limiter.run(async () => {
          console.log(`${name}: ${limiter.borrowed} of ${limiter.total}`);
          await sleep(20);
        }),
      );
    }
    await sleep(10);
    limiter.total = 3; // lets b and c in at once
  }),
);
