/** Entry of a child process; the near side is `src/executors/process-worker.ts`. tinypool loads it and calls `serve` once. */
import { enterWorker } from '../src/executors/worker-state.ts';
import { ControlFileWorker } from '../src/wire/control-file.ts';
import type { Hello, Ready } from '../src/wire/protocol.ts';
import { endWithParent, ParentChannel, tellTheEnd, watchParent } from './parent.ts';
import { Server } from './serve.ts';

enterWorker();
endWithParent();
delete process.env['TINYPOOL_WORKER_ID'];

interface First {
  readonly hello: Hello;
  readonly token: number;
  readonly parent: number;
  readonly control: string;
}

export async function serve({ hello, token, parent, control: path }: First): Promise<Ready> {
  const control = new ControlFileWorker(path);
  const channel = new ParentChannel(token);
  tellTheEnd(control, channel);
  const server = new Server(control, channel);
  const ready = await server.getReady(hello);
  if (ready.unready === undefined) channel.listen((message) => server.receive(message));
  setImmediate(watchParent, parent); // after the answer, and before the first job
  return ready;
}
