import asyncio


async def save(order):
    await asyncio.sleep(0.03)
    print("saved", order)


async def handler():
    try:
        await asyncio.sleep(10)
    finally:
        saving = asyncio.create_task(save("order 7"))  # keep it, or it may be collected
        await asyncio.shield(saving)
        print("cleaned up")


async def main():
    task = asyncio.create_task(handler())
    await asyncio.sleep(0.01)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("handler was cancelled")


asyncio.run(main())
