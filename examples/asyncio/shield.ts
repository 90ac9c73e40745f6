import { background, isCancelled, run, shield, sleep } from 'offloop';

async function save(order: string): Promise<void> {
  await sleep(30);
  console.log('saved', order);
}

async function handler(): Promise<void> {
  try {
    await sleep(10_000);
  } finally {
    await shield(() => save('order 7'));
    console.log('cleaned up');
  }
}

await run(async () => {
  const task = background(handler);
  await sleep(10);
  task.cancel();
  try {
    await task;
  } catch (error) {
    if (isCancelled(error)) console.log('handler was cancelled');
  }
});
