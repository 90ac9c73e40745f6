import { createHash } from 'node:crypto';
import { offload, ProcessPoolExecutor, run, runInExecutor, ThreadPoolExecutor, toThread } from 'offloop';

const digest = offload(import.meta, (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8));

// No `if __name__ == "__main__"`: in a worker, run() does nothing.
await run(async () => {
  console.log('default', await runInExecutor(null, digest, 'a')); // or digest('a')
  console.log('to_thread', await toThread(digest, 'b'));
  const threads = new ThreadPoolExecutor({ max: 2 });
  console.log('threads', await runInExecutor(threads, digest, 'c'));
  await threads.shutdown();
  const processes = new ProcessPoolExecutor({ max: 1 });
  console.log('processes', await runInExecutor(processes, digest, 'd'));
  await processes.shutdown();
});
