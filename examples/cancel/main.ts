import { run, timeout, TimeoutError } from 'offloop';
import { countPrimes } from './jobs.ts';

await run(async () => {
  console.log(`primes below 10,000: ${await countPrimes(10_000)}`);
  try {
    await timeout(200, () => countPrimes(1e12));
  } catch (error) {
    if (error instanceof TimeoutError) console.log(`stopped: ${error.message}`);
  }
});
