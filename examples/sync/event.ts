import { AsyncEvent, run, sleep, withTaskGroup } from 'offloop';

const ready = new AsyncEvent();

await run(() =>
  withTaskGroup(async (tg) => {
    for (const name of ['a', 'b']) {
      tg.spawn(async () => {
        await ready.wait();
        console.log(`${name} starts`);
      });
    }
    await sleep(10);
    ready.set();
  }),
);
