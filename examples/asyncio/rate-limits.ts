import { map, now, RateLimiter, run } from 'offloop';

await run(async () => {
  const limiter = new RateLimiter({ rate: 20, burst: 3 });
  const start = now();

  async function call(): Promise<number> {
    await limiter.acquire();
    return now() - start;
  }

  const times = await map(Array(6).keys(), call);
  const atOnce = times.filter((t) => t < 40).length;
  console.log(atOnce, 'went at once, the others every 50 ms:', Math.max(...times) >= 140 ? 'True' : 'False');
});
