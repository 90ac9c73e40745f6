import { map, run, Semaphore, sleep } from 'offloop';

const connections = new Semaphore(2);
let open = 0;
let most = 0;

async function query(n: number): Promise<number> {
  const permit = await connections.acquire();
  try {
    most = Math.max(most, ++open);
    await sleep(10);
    return n * n;
  } finally {
    open--;
    permit.release();
  }
}

await run(async () => {
  console.log(await map([1, 2, 3, 4, 5], query), `at most ${most} at once`);
});
