/** A process of its own: our worker. */
import { startRemoteWorker } from 'offloop/remote';

await startRemoteWorker({ url: process.argv[2]!, pool: 'bench', modules: [new URL('./jobs.ts', import.meta.url)], concurrency: 16 });
process.send?.('ready');
