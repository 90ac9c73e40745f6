import { run, Semaphore } from 'offloop';

/** The worst lateness, in milliseconds, of a timer that should fire every millisecond while one task acquires in a tight loop. */
export async function lateness(): Promise<number> {
  const semaphore = new Semaphore(1);
  let worst = 0;
  await run(async () => {
    let expected = performance.now() + 1;
    const timer = setInterval(() => {
      worst = Math.max(worst, performance.now() - expected);
      expected = performance.now() + 1;
    }, 1);
    const end = performance.now() + 1000;
    while (performance.now() < end) (await semaphore.acquire()).release();
    clearInterval(timer);
  });
  return worst;
}
