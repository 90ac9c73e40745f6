/** Entry of a worker thread; the near side is `src/executors/thread-worker.ts`. piscina loads it and calls it once, with the hello. */
import { parentPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { enterWorker } from '../src/executors/worker-state.ts';
import { ControlBlock } from '../src/wire/control.ts';
import type { WorkerLoop } from '../src/base/worker-loops.ts';
import type { FromWorker, Hello, Ready, ToWorker } from '../src/wire/protocol.ts';
import { LoopWatch } from './loop-watch.ts';
import { inWorker, Server } from './serve.ts';

enterWorker();
// piscina listens here for its own first message only, and a stray one would crash the worker.
parentPort?.removeAllListeners('message');

type First = { hello: Hello; port: MessagePort; control: SharedArrayBuffer; loop: WorkerLoop };

export default async function serve({ hello, port, control, loop }: First): Promise<Ready> {
  const postMessage = (message: FromWorker, transfer?: readonly object[]): void => port.postMessage(message, transfer as never);
  const server = new Server(new ControlBlock(control), { postMessage, sharesMemory: true }, { ...inWorker, loop: new LoopWatch(loop) });
  const ready = await server.getReady(hello);
  if (ready.unready === undefined) port.on('message', (message: ToWorker) => server.receive(message));
  port.unref(); // piscina's own port keeps an idle worker alive
  return ready;
}
