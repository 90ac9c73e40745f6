import { run, sleep, TaskGroupError, withTaskGroup } from 'offloop';

async function part(name: string, ms: number): Promise<string> {
  await sleep(ms); // stands for I/O
  if (name === 'broken') throw new Error(`${name} failed after ${ms} ms`);
  return name;
}

await run(async () => {
  const [a, b] = await withTaskGroup((tg) => [tg.spawn(() => part('a', 20)), tg.spawn(() => part('b', 10))]);
  console.log(a?.result(), b?.result()); // the block has ended, so both have settled

  try {
    await withTaskGroup((tg) => {
      tg.spawn(() => part('broken', 5));
      tg.spawn(() => part('slow', 60_000)); // is cancelled, and waited for
    });
  } catch (error) {
    if (error instanceof TaskGroupError) console.log(error.leaves().map(String));
  }
});
