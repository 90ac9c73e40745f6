/** Entry of an actor's thread; the near side is `src/executors/actor-thread.ts`. */
import { workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { enterWorker } from '../src/executors/worker-state.ts';
import type { WorkerLoop } from '../src/base/worker-loops.ts';
import { ActorEndpoint } from '../src/wire/actor-endpoint.ts';
import { CancelFlags } from '../src/wire/cancel-flags.ts';
import { LoopWatch } from './loop-watch.ts';
import { serveActor } from './serve-actor.ts';

enterWorker();
const { port, flags, loop } = workerData as { port: MessagePort; flags: SharedArrayBuffer; loop: WorkerLoop };
const endpoint = new ActorEndpoint(port);
serveActor(endpoint, new CancelFlags(flags), new LoopWatch(loop));
port.on('message', (message: unknown) => endpoint.receive(message));
// Nobody can say which call was lost: the worker dies of it, and all of them are told.
port.on('messageerror', (error: unknown) => {
  throw error;
});
