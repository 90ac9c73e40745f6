import asyncio
import logging
import time


class Reports(logging.Handler):
    def emit(self, record):
        if "took" in record.getMessage():
            print("slow:", record.getMessage().split(" took ")[0].split()[0])


logging.getLogger("asyncio").addHandler(Reports())
logging.getLogger("asyncio").propagate = False


async def render():
    time.sleep(0.15)  # blocks the loop


asyncio.run(render(), debug=True)
