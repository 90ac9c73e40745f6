import asyncio


async def main():
    queue = asyncio.Queue(maxsize=2)
    total = 0

    async def worker():
        nonlocal total
        while (n := await queue.get()) is not None:  # None: a sentinel for each worker
            total += n
            queue.task_done()
        queue.task_done()

    async with asyncio.TaskGroup() as tg:
        for _ in range(2):
            tg.create_task(worker())
        for n in range(10):
            await queue.put(n)  # waits while two are in it
        await queue.join()
        for _ in range(2):
            await queue.put(None)
    print("total", total)

    urgent = asyncio.PriorityQueue()
    for job in [(2, "mail"), (1, "alarm"), (3, "report")]:
        urgent.put_nowait(job)
    print(*[urgent.get_nowait()[1] for _ in range(3)])

    stack = asyncio.LifoQueue()
    for plate in "abc":
        stack.put_nowait(plate)
    print(*[stack.get_nowait() for _ in range(3)])


asyncio.run(main())
