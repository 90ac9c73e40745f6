import { CircuitBreaker, CircuitOpenError, run, sleep } from 'offloop';

let ill = true;

async function stock(): Promise<number> {
  if (ill) throw new Error('503');
  return 7;
}

await run(async () => {
  const breaker = new CircuitBreaker({ failureThreshold: 2, recoveryTimeout: 200 });
  for (let i = 0; i < 4; i++) {
    try {
      await breaker.call(stock);
    } catch (error) {
      if (error instanceof CircuitOpenError) console.log('not called');
      else console.log('failed:', (error as Error).message);
    }
  }
  ill = false;
  await sleep(250);
  console.log('in stock:', await breaker.call(stock)); // one probe: while it is under way, no other call is let through
});
