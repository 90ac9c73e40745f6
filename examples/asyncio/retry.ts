import { retry, run } from 'offloop';

let calls = 0;

async function ask(): Promise<number> {
  calls++;
  if (calls < 3) throw new Error(`no answer to call ${calls}`);
  return 42;
}

console.log(
  await run(() =>
    retry(ask, {
      attempts: 5,
      baseDelay: 10,
      maxDelay: 1000,
      onRetry: (error) => console.log('again after:', (error as Error).message),
    }),
  ),
);
