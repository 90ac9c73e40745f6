/** A process of its own: a bare BullMQ worker. It runs the function on its own loop, or in threads when its queue is called so. */
import { Worker } from 'bullmq';

const [url, name] = process.argv.slice(2) as [string, string];
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0); // the sandbox pipes each thread's there
const settings = { connection: { url }, concurrency: 16 };
const worker =
  name === 'sandboxed'
    ? new Worker(name, new URL('./noop.cjs', import.meta.url), { ...settings, useWorkerThreads: true })
    : new Worker(name, () => Promise.resolve(1), settings);
await worker.waitUntilReady();
process.send?.('ready');
