import asyncio


async def main():
    try:
        async with asyncio.timeout(0.02):
            await asyncio.sleep(10)
    except TimeoutError:
        print("too slow")
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.02)
    except TimeoutError:
        print("too slow again")
    try:
        async with asyncio.timeout(0.02):  # the outer limit is the nearer one
            async with asyncio.timeout(10):
                await asyncio.sleep(5)
    except TimeoutError:
        print("the outer limit")
    loop = asyncio.get_running_loop()
    async with asyncio.timeout_at(loop.time() + 10) as scope:
        scope.reschedule(loop.time() + 20)
        print("in time", await asyncio.sleep(0.001, "done"))


asyncio.run(main())
