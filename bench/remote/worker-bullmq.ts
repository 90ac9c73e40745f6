/** A process of its own: a bare BullMQ worker, which runs the function on its own loop. */
import { Worker } from 'bullmq';

const worker = new Worker('bare', () => Promise.resolve(1), { connection: { url: process.argv[2]! }, concurrency: 16 });
await worker.waitUntilReady();
process.send?.('ready');
