import { isCancelled, run, sleep, TaskGroupError, withTaskGroup } from 'offloop';

async function part(name: string, ms: number, broken = false): Promise<void> {
  try {
    await sleep(ms);
  } catch (error) {
    if (isCancelled(error)) console.log(name, 'was cancelled');
    throw error;
  }
  if (broken) throw new RangeError(`${name} is broken`);
}

await run(async () => {
  try {
    await withTaskGroup((tg) => {
      tg.spawn(() => part('a', 10_000));
      tg.spawn(() => part('b', 10, true));
    });
  } catch (error) {
    if (!(error instanceof TaskGroupError)) throw error;
    const [matching, rest] = error.split(RangeError);
    console.log('caught:', ...(matching?.leaves() ?? []).map((e) => (e as Error).message));
    if (rest !== null) throw rest;
  }
});
