import { moveOnAfter, run, sleep, TaskGroupError, withTaskGroup } from 'offloop';

async function fetchPart(name: string, ms: number): Promise<string> {
  await sleep(ms); // stands for I/O
  if (name === 'c') throw new Error(`part ${name} is broken`);
  console.log(`part ${name} is here`);
  return name;
}

await run(async () => {
  // No task outlives its group: when one fails, the others are cancelled and joined, and the error surfaces.
  try {
    await withTaskGroup(async (tg) => {
      tg.spawn(() => fetchPart('a', 10));
      tg.spawn(() => fetchPart('b', 10_000));
      tg.spawn(() => fetchPart('c', 50));
    });
  } catch (error) {
    if (error instanceof TaskGroupError) console.log(`the group failed: ${error.leaves().join(', ')}`);
  }

  // A time limit stops the work inside it, however deep.
  const part = await moveOnAfter(20, () => fetchPart('d', 10_000), { fallback: 'nothing' });
  console.log(`after 20 ms: ${part}`);
});
