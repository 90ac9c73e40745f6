import asyncio


class TokenBucket:
    def __init__(self, rate, burst):
        self.rate, self.tokens, self.burst = rate, burst, burst
        self.at = asyncio.get_running_loop().time()
        self.lock = asyncio.Lock()

    async def acquire(self):
        async with self.lock:
            now = asyncio.get_running_loop().time()
            self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
            self.at = now
            if self.tokens < 1:
                await asyncio.sleep((1 - self.tokens) / self.rate)
                self.at, self.tokens = asyncio.get_running_loop().time(), 1
            self.tokens -= 1


async def main():
    loop = asyncio.get_running_loop()
    bucket = TokenBucket(rate=20, burst=3)
    start = loop.time()

    async def call():
        await bucket.acquire()
        return loop.time() - start

    times = await asyncio.gather(*(call() for _ in range(6)))
    print(sum(t < 0.04 for t in times), "went at once, the others every 50 ms:", max(times) >= 0.14)


asyncio.run(main())
