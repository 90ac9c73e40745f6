import asyncio
import random

calls = 0


async def ask():
    global calls
    calls += 1
    if calls < 3:
        raise ConnectionError(f"no answer to call {calls}")
    return 42


async def retry(fn, attempts, base, longest):
    for attempt in range(1, attempts + 1):
        try:
            return await fn()
        except ConnectionError as error:
            if attempt == attempts:
                raise
            print("again after:", error)
            await asyncio.sleep(random.uniform(0, min(longest, base * 2 ** (attempt - 1))))


print(asyncio.run(retry(ask, attempts=5, base=0.01, longest=1)))
