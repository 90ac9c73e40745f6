"""No-op jobs in Python's executors, two workers each, through asyncio: prints the milliseconds that a row took."""
import asyncio, sys, time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

def noop(k):
    return k

async def windowed(pool, n, window):
    loop = asyncio.get_running_loop()
    numbers = iter(range(n))
    async def lane():
        for k in numbers:
            await loop.run_in_executor(pool, noop, k)
    await asyncio.gather(*(lane() for _ in range(min(window, n))))

if __name__ == '__main__':
    pools = dict(threads=ThreadPoolExecutor(2), processes=ProcessPoolExecutor(2))
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            kind, n, window = line.split()
            start = time.perf_counter()
            runner.run(windowed(pools[kind], int(n), int(window)))
            print((time.perf_counter() - start) * 1e3, flush=True)
    for pool in pools.values():
        pool.shutdown()
