import { map, now, RateLimiter, run } from 'offloop';

// 20 a second; after a rest three may go at once.
const limiter = new RateLimiter({ rate: 20, burst: 3 });

await run(async () => {
  const begun = now();
  const requests = ['a', 'b', 'c', 'd', 'e'];
  const sent = await map(requests, async (name) => {
    await limiter.acquire();
    return `${name} after ${Math.floor((now() - begun) / 50) * 50} ms`;
  });
  console.log(sent.join(', '));

  limiter.pauseUntil(now() + 100); // the server said: not before
  console.log(limiter.tryAcquire(), limiter.statistics());
  await limiter.acquire(2); // one that costs two
  console.log('on it goes');
});
