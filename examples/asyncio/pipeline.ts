import { channel, run, sleep, withTaskGroup } from 'offloop';

await run(async () => {
  const [toSplit, lines] = channel<string>(3);
  const [toCount, words] = channel<string>(3);
  const counts = new Map<string, number>();

  // Each stage ends when the one before it has closed its end: nobody is cancelled, nothing is lost.
  await withTaskGroup((tg) => {
    for (const name of 'ab') {
      const out = toSplit.clone();
      tg.spawn(async () => {
        for (let i = 0; i < 4; i++) await out.send(`${name}${i} of four`);
        out.close();
      });
    }
    toSplit.close();
    for (let i = 0; i < 2; i++) {
      const [source, out] = [lines.clone(), toCount.clone()];
      tg.spawn(async () => {
        for await (const line of source) for (const word of line.split(' ')) await out.send(word);
        out.close();
      });
    }
    lines.close();
    toCount.close();
    tg.spawn(async () => {
      for await (const word of words) {
        await sleep(0.5); // the slowest stage: all others wait for it
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
    });
  });
  console.log('of', counts.get('of'), 'four', counts.get('four'), 'kinds', counts.size, 'never more than', lines.statistics().peak);
});
