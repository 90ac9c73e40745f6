import { background, run, setExceptionHandler, sleep } from 'offloop';

async function broken(): Promise<never> {
  throw new RangeError('nobody looks');
}

setExceptionHandler(({ message, error }) => console.log(message, '-', (error as Error).message));
await run(async () => {
  background(broken); // told one loop turn after it failed, not when the garbage collector finds it
  await sleep(20);
});
