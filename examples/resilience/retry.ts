import { retry, run } from 'offloop';

let calls = 0;

async function askForPrice(): Promise<number> {
  if (++calls < 3) throw new Error(`no answer to call ${calls}`);
  return 42;
}

await run(async () => {
  const price = await retry(askForPrice, {
    attempts: 5,
    baseDelay: 20,
    retryIf: (error) => !(error instanceof TypeError), // a bug does not go away by itself
    onRetry: (error, attempt, delay) => console.log(`attempt ${attempt}: ${(error as Error).message}; again in ${Math.round(delay)} ms`),
  });
  console.log(`the price is ${price}`);
});
