import asyncio


class CircuitBreaker:
    def __init__(self, failures, recovery):
        self.limit, self.recovery, self.failed, self.open_until = failures, recovery, 0, 0

    async def call(self, fn):
        if asyncio.get_running_loop().time() < self.open_until:
            raise RuntimeError("the circuit is open")
        try:
            result = await fn()
        except ConnectionError:
            self.failed += 1
            if self.failed >= self.limit:
                self.open_until = asyncio.get_running_loop().time() + self.recovery
            raise
        self.failed = 0
        return result


ill = True


async def stock():
    if ill:
        raise ConnectionError("503")
    return 7


async def main():
    global ill
    breaker = CircuitBreaker(failures=2, recovery=0.2)
    for _ in range(4):
        try:
            await breaker.call(stock)
        except RuntimeError:
            print("not called")
        except ConnectionError as error:
            print("failed:", error)
    ill = False
    await asyncio.sleep(0.25)
    print("in stock:", await breaker.call(stock))


asyncio.run(main())
