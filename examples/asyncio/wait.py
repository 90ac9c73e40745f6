import asyncio


async def job(name, seconds):
    await asyncio.sleep(seconds)
    if name == "b":
        raise ValueError(name)


async def main():
    tasks = [asyncio.create_task(job(n, s), name=n) for n, s in [("a", 0.01), ("b", 0.3), ("c", 0.6)]]
    for until in (asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION, asyncio.ALL_COMPLETED):
        done, pending = await asyncio.wait(tasks, return_when=until)
        print("done", *sorted(t.get_name() for t in done), "pending", *sorted(t.get_name() for t in pending))
    print("b failed:", type(tasks[1].exception()).__name__)


asyncio.run(main())
