import asyncio


async def part(name, seconds, broken=False):
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        print(name, "was cancelled")
        raise
    if broken:
        raise ValueError(f"{name} is broken")


async def main():
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(part("a", 10))
            tg.create_task(part("b", 0.01, broken=True))
    except* ValueError as group:
        print("caught:", *group.exceptions)


asyncio.run(main())
