import asyncio
import os
import signal


async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), signal.SIGTERM)  # somebody stops us
    await stop.wait()
    print("SIGTERM: finishing the work")


asyncio.run(main())
