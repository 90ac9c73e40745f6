import asyncio
import gc


async def broken():
    raise ValueError("nobody looks")


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: print(context["message"], "-", context["exception"]))
    task = asyncio.create_task(broken())
    await asyncio.sleep(0.01)
    del task
    gc.collect()  # only now does asyncio notice
    await asyncio.sleep(0.01)


asyncio.run(main())
