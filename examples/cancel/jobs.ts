import { offload } from 'offloop';
import { checkCancelled } from 'offloop/worker';

export const countPrimes = offload(import.meta, (upTo: number) => {
  let count = 0;
  for (let n = 2; n < upTo; n++) {
    checkCancelled(); // one load from shared memory: cheap enough for a tight loop
    let prime = true;
    for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
    if (prime) count++;
  }
  return count;
});
