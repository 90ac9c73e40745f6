import asyncio

ROWS = [f"row {n}" for n in range(7)]


async def page(number):
    await asyncio.sleep(0.001)
    return ROWS[number * 3 : number * 3 + 3]


async def pages():
    number = 0
    try:
        while rows := await page(number):
            yield rows
            number += 1
    finally:
        print("connection closed")


async def main():
    async for rows in pages():
        print(len(rows), "rows")
    stream = pages()
    async for rows in stream:
        print("only", rows[0])
        break
    await stream.aclose()  # forgotten, it runs whenever the garbage collector comes by


asyncio.run(main())
