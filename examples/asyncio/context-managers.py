import asyncio
from contextlib import asynccontextmanager


class Session:
    async def __aenter__(self):
        print("session opened")
        return self

    async def __aexit__(self, *exc):
        print("session closed")


@asynccontextmanager
async def transaction(name):
    print("begin", name)
    try:
        yield name
        print("commit", name)
    except ValueError:
        print("rollback", name)
        raise


async def main():
    async with Session():
        async with transaction("first"):
            pass
        try:
            async with transaction("second"):
                raise ValueError
        except ValueError:
            print("second failed")


asyncio.run(main())
