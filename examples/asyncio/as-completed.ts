import { asCompleted, run, sleep } from 'offloop';

async function fetch(name: string, ms: number): Promise<string> {
  await sleep(ms);
  return name;
}

await run(async () => {
  for await (const { task } of asCompleted([() => fetch('slow', 300), () => fetch('fast', 10)])) console.log(await task);
});
