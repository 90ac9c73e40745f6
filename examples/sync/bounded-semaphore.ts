import { BoundedSemaphore, InvalidStateError, run } from 'offloop';

const permits = new BoundedSemaphore(1);

await run(async () => {
  await permits.acquire();
  permits.release();
  try {
    permits.release(); // a bug: given back twice
  } catch (error) {
    if (error instanceof InvalidStateError) console.log(error.message);
  }
});
