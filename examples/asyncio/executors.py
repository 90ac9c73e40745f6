import asyncio
import hashlib
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]


async def main():
    loop = asyncio.get_running_loop()
    print("default", await loop.run_in_executor(None, digest, "a"))
    print("to_thread", await asyncio.to_thread(digest, "b"))
    with ThreadPoolExecutor(max_workers=2) as threads:
        print("threads", await loop.run_in_executor(threads, digest, "c"))
    with ProcessPoolExecutor(max_workers=1) as processes:
        print("processes", await loop.run_in_executor(processes, digest, "d"))


if __name__ == "__main__":
    asyncio.run(main())
