/** Entry of a worker thread; the near side is `src/executors/thread-worker.ts`. piscina loads it and calls it per batch. */
import { parentPort, workerData } from 'node:worker_threads';
import { enterWorker } from '../src/executors/worker-state.ts';
import { ControlBlock } from '../src/wire/control.ts';
import type { BatchMessage, BatchReply } from '../src/wire/protocol.ts';
import { Server } from './serve.ts';

enterWorker();
// piscina listens here for its own first message only, and a stray one would crash the worker.
parentPort?.removeAllListeners('message');

const server = new Server(new ControlBlock((workerData as { offloop: SharedArrayBuffer }).offloop));

export default function serve(message: BatchMessage): Promise<BatchReply> {
  return server.handle(message);
}
