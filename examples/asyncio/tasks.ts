import { background, currentTask, run, sleep } from 'offloop';

async function download(name: string, ms: number): Promise<number> {
  await sleep(ms);
  console.log(currentTask()?.name, 'got', name);
  return name.length;
}

await run(async () => {
  const task = background(() => download('index.html', 20), { name: 'crawler' }); // run() holds it, and waits for it
  console.log('started', task.name);
  console.log('size', await task);
});
