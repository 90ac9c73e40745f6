import asyncio


async def check(host):
    await asyncio.sleep(0.01)
    if host == "mail":
        raise ConnectionError("mail is down")
    return f"{host} is up"


async def main():
    print(*await asyncio.gather(check("web"), check("db")), sep=", ")
    results = await asyncio.gather(check("web"), check("mail"), return_exceptions=True)
    for r in results:
        print("failed:" if isinstance(r, Exception) else "fine:", r)


asyncio.run(main())
