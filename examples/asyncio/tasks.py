import asyncio


async def download(name, seconds):
    await asyncio.sleep(seconds)
    print(asyncio.current_task().get_name(), "got", name)
    return len(name)


async def main():
    task = asyncio.create_task(download("index.html", 0.02), name="crawler")
    keep = {task}  # the loop holds tasks weakly: without this it may vanish
    task.add_done_callback(keep.discard)
    print("started", task.get_name())
    print("size", await task)


asyncio.run(main())
