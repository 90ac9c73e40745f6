import { asCompleted, race, run, sleep, staggeredRace, wait, withTaskGroup } from 'offloop';

const mirror = (name: string, ms: number) => async (): Promise<string> => {
  await sleep(ms); // stands for a request
  if (name === 'down') throw new Error('connection refused');
  return name;
};

await run(async () => {
  // The first to settle decides; the others are cancelled and joined.
  console.log('race:', await race([mirror('slow', 60_000), mirror('fast', 5)]));

  // One attempt after the other, each with a head start of 50 ms; a failure starts the next at once.
  const { winner, errors } = await staggeredRace([mirror('down', 5), mirror('second', 5), mirror('third', 5)], 50);
  console.log('staggeredRace:', winner, errors.map(String));

  // Whatever is done first is handled first.
  for await (const { index, task } of asCompleted([mirror('a', 60), mirror('b', 5), mirror('c', 30)], { timeout: 5_000 })) {
    console.log('asCompleted:', index, task.result());
  }

  // Who is done after 30 ms? Nobody is cancelled, nothing is thrown.
  await withTaskGroup(async (tg) => {
    const tasks = [mirror('early', 5), mirror('late', 100)].map((fn) => tg.spawn(fn));
    const { done, pending } = await wait(tasks, { timeout: 30 });
    console.log('wait:', done.size, 'done,', pending.size, 'pending');
  });
});
