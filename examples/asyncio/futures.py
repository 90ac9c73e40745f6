import asyncio


async def main():
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    loop.call_later(0.01, answer.set_result, "ready")
    print(await answer)
    try:
        answer.set_result("twice")
    except asyncio.InvalidStateError:
        print("a future is set once")


asyncio.run(main())
