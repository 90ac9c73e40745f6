import { Queue, run, sleep, withTaskGroup } from 'offloop';

const log = new Queue<string>(1); // room for one line
const report = ({ message }: { message: string }): void => console.log(message);

await run(
  () =>
    withTaskGroup(async (tg) => {
      tg.spawn(async function writer() {
        void log.put('started'); // no await: nobody notices
        void log.put('finished'); // until the queue is full
      });
      tg.spawn(async function stubborn() {
        await sleep(60_000).catch(() => {}); // swallows every error, the CancelledError too
      });
      await sleep(10);
      log.getNowait(); // there is room now
      tg.cancel();
    }),
  { debug: true, exceptionHandler: report },
);
