import asyncio


async def fetch(name, seconds):
    await asyncio.sleep(seconds)
    return name


async def main():
    for first in asyncio.as_completed([fetch("slow", 0.3), fetch("fast", 0.01)]):
        print(await first)


asyncio.run(main())
