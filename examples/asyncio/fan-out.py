import asyncio

HOSTS = [f"host{n}" for n in range(8)]


async def main():
    limit, running, peak = asyncio.Semaphore(3), 0, 0

    async def check(host):
        nonlocal running, peak
        async with limit:
            running += 1
            peak = max(peak, running)
            await asyncio.sleep(0.002)
            running -= 1
            if host == "host5":
                raise ConnectionError(host)
            return host

    results = await asyncio.gather(*(check(h) for h in HOSTS), return_exceptions=True)
    print(sum(isinstance(r, str) for r in results), "healthy,", sum(isinstance(r, Exception) for r in results), "down, at most", peak, "at once")


asyncio.run(main())
