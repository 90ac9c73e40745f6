import asyncio


async def main():
    lock, gate, order = asyncio.Lock(), asyncio.Event(), []

    async def worker(name):
        await gate.wait()
        async with lock:
            await asyncio.sleep(0.001)
            order.append(name)

    async with asyncio.TaskGroup() as tg:
        for name in "abc":
            tg.create_task(worker(name))
        await asyncio.sleep(0.01)
        gate.set()
    print("in order of asking:", *order)

    limit, running, peak = asyncio.BoundedSemaphore(2), 0, 0

    async def limited():
        nonlocal running, peak
        async with limit:
            running += 1
            peak = max(peak, running)
            await asyncio.sleep(0.001)
            running -= 1

    await asyncio.gather(*(limited() for _ in range(6)))
    print("at most", peak, "at once")

    stock, condition = [], asyncio.Condition()

    async def customer():
        async with condition:
            await condition.wait_for(lambda: stock)
            print("bought", stock.pop())

    async with asyncio.TaskGroup() as tg:
        tg.create_task(customer())
        await asyncio.sleep(0.001)
        async with condition:
            stock.append("bread")
            condition.notify()

    barrier = asyncio.Barrier(3)

    async def runner():
        return await barrier.wait()

    print("all at the line:", *sorted(await asyncio.gather(runner(), runner(), runner())))


asyncio.run(main())
