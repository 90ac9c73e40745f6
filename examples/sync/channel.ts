import { channel, run, withTaskGroup } from 'offloop';

await run(() =>
  withTaskGroup((tg) => {
    const [send, receive] = channel<string>();
    for (const name of ['a', 'b']) {
      const mine = send.clone(); // an end for each producer
      tg.spawn(async () => {
        for (let i = 1; i <= 2; i++) await mine.send(`${name}${i}`);
        mine.close();
      });
    }
    send.close();
    tg.spawn(async () => {
      for await (const item of receive) console.log(item);
      console.log('every sender is closed');
    });
  }),
);
