import asyncio
from contextvars import ContextVar

request_id = ContextVar("request_id", default="none")


async def log(text):
    await asyncio.sleep(0.001)
    print(f"[{request_id.get()}] {text}")


async def handle(number):
    request_id.set(f"req-{number}")
    async with asyncio.TaskGroup() as tg:
        tg.create_task(log("in a child task"))
    print(f"[{await asyncio.to_thread(request_id.get)}] in a thread")


async def main():
    for number in (1, 2):
        await asyncio.create_task(handle(number))
    print(f"[{request_id.get()}] outside")


asyncio.run(main())
