import { Barrier, gather, run, sleep } from 'offloop';

const barrier = new Barrier(2);

async function player(name: string, ms: number): Promise<void> {
  for (const round of [1, 2]) {
    await sleep(ms);
    console.log(`${name} is done with round ${round}`);
    const place = await barrier.wait();
    if (place === 0) console.log(`round ${round} is over`); // exactly one of each round
  }
}

await run(() => gather([() => player('a', 10), () => player('b', 30)]));
