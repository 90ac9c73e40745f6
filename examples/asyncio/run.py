import asyncio


async def main():
    await asyncio.sleep(0.01)
    return 42


print("main returned", asyncio.run(main(), debug=False))
