import { Condition, run, sleep, withTaskGroup } from 'offloop';

const condition = new Condition();
let level = 0;

await run(() =>
  withTaskGroup(async (tg) => {
    tg.spawn(() =>
      condition.run(async () => {
        await condition.waitFor(() => level >= 3);
        console.log(`full at ${level}`);
      }),
    );
    for (let i = 0; i < 3; i++) {
      await sleep(10);
      await condition.run(() => {
        level++;
        condition.notifyAll();
      });
    }
  }),
);
