import { CircuitBreaker, CircuitOpenError, run, sleep, timeout } from 'offloop';

const breaker = new CircuitBreaker({ name: 'stock', failureThreshold: 3, recoveryTimeout: 50 });
let ill = true;

async function stock(): Promise<number> {
  if (ill) throw new Error('503');
  return 7;
}

await run(async () => {
  breaker.onStateChange((to) => console.log(`-> ${to}`));
  for (let i = 0; i < 5; i++) {
    try {
      // The time limit stands inside: a call that takes too long is a failure.
      console.log(await breaker.call(() => timeout(1000, stock)));
    } catch (error) {
      console.log(error instanceof CircuitOpenError ? 'not called' : `failed: ${(error as Error).message}`);
    }
  }
  ill = false;
  await sleep(60);
  console.log(await breaker.call(stock));
});
