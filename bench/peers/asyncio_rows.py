"""The same rows in Python's asyncio: prints microseconds each, one JSON object."""
import asyncio, json, sys, time

async def uncontended(n):
    s = asyncio.Semaphore(1)
    for _ in range(n):
        await s.acquire(); s.release()

async def contended(n):
    s = asyncio.Semaphore(4)
    async def task():
        for _ in range(n // 64):
            async with s:
                await asyncio.sleep(0)
    await asyncio.gather(*(task() for _ in range(64)))

async def queue(n):
    q = asyncio.Queue(1)
    async def put():
        for i in range(n): await q.put(i)
    async def get():
        for _ in range(n): await q.get()
    await asyncio.gather(put(), get())

async def spawn(n):
    async def child(): pass
    async with asyncio.TaskGroup() as tg:
        for _ in range(n): tg.create_task(child())

async def map_(n):
    s = asyncio.Semaphore(64)
    async def one(k):
        async with s: return k * 2
    await asyncio.gather(*(one(k) for k in range(n)))

async def cancel(n):
    tasks = [asyncio.create_task(asyncio.sleep(1e6)) for _ in range(n)]
    await asyncio.sleep(0)
    start = time.perf_counter()
    for t in tasks: t.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return time.perf_counter() - start

async def timeout(n):
    for _ in range(n):
        async with asyncio.timeout(1000): pass

rows = dict(uncontended=uncontended, contended=contended, queue=queue, spawn=spawn, map=map_, cancel=cancel, timeout=timeout)
for line in sys.stdin:
    key, n = line.split()
    start = time.perf_counter()
    counted = asyncio.run(rows[key](int(n)))
    print(json.dumps((counted or time.perf_counter() - start) * 1e6), flush=True)
