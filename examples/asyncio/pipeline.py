import asyncio


async def main():
    lines, words = asyncio.Queue(maxsize=3), asyncio.Queue(maxsize=3)
    peak = 0

    async def produce(name):
        nonlocal peak
        for i in range(4):
            await lines.put(f"{name}{i} of four")
            peak = max(peak, lines.qsize())

    async def split():
        while True:
            line = await lines.get()
            for word in line.split():
                await words.put(word)
            lines.task_done()

    counts = {}

    async def count():
        while True:
            word = await words.get()
            await asyncio.sleep(0.0005)  # the slowest stage: all others wait for it
            counts[word] = counts.get(word, 0) + 1
            words.task_done()

    stages = [asyncio.create_task(stage()) for stage in (split, split, count)]
    await asyncio.gather(produce("a"), produce("b"))
    await lines.join()
    await words.join()
    for stage in stages:
        stage.cancel()
    await asyncio.gather(*stages, return_exceptions=True)
    print("of", counts["of"], "four", counts["four"], "kinds", len(counts), "never more than", peak)


asyncio.run(main())
