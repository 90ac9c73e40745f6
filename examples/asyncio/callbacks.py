import asyncio


async def main():
    loop = asyncio.get_running_loop()
    start = loop.time()
    loop.call_soon(print, "soon")
    loop.call_later(0.02, print, "later")
    loop.call_at(start + 0.01, print, "at a time")
    loop.call_later(0.015, print, "never").cancel()
    print("first: callbacks wait for the loop")
    await asyncio.sleep(0.03)
    print("30 ms have passed:", loop.time() - start >= 0.03)


asyncio.run(main())
