/** Both sides of an actor in this process, behind a MessageChannel: everything but the thread around it. */
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { afterEach } from 'vitest';
import { ActorLink } from '../../src/executors/actor-link.ts';
import { addFields, makeRemote, membersOf } from '../../src/executors/actor-remote.ts';
import type { Remote } from '../../src/executors/actor.ts';
import { fingerprint, register } from '../../src/executors/registry.ts';
import type { WorkerDeath } from '../../src/executors/worker-handle.ts';
import { ActorEndpoint } from '../../src/wire/actor-endpoint.ts';
import { CancelFlags } from '../../src/wire/cancel-flags.ts';
import { serveActor } from '../../workers/serve-actor.ts';

let ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports) port.close();
  ports = [];
});

export function endpoints(): [near: ActorEndpoint, far: ActorEndpoint] {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  return [port1, port2].map((port) => {
    const endpoint = new ActorEndpoint(port);
    port.on('message', (message: unknown) => endpoint.receive(message));
    return endpoint;
  }) as [ActorEndpoint, ActorEndpoint];
}

export class Pair<T extends object> {
  readonly link: ActorLink;
  readonly remote: Remote<T>;
  readonly near: ActorEndpoint;
  readonly far: ActorEndpoint;
  /** What the link said about the process: whether it must live for this actor's sake. */
  readonly alive: boolean[] = [];
  terminated = 0;
  die!: (death: Partial<WorkerDeath>) => void;

  constructor(cls: new (...a: never[]) => T) {
    [this.near, this.far] = endpoints();
    const flags = new CancelFlags();
    serveActor(this.far, new CancelFlags(flags.memory));
    const home = {
      endpoint: this.near,
      gone: Promise.resolve(),
      keepAlive: (on: boolean) => void this.alive.push(on),
      terminate: () => Promise.resolve(void this.terminated++),
    };
    this.link = new ActorLink(cls.name, flags, (died) => {
      this.die = (death) => died({ why: 'exit', exitCode: 1, signalName: null, cause: undefined, ...death });
      return home;
    });
    const members = membersOf(cls);
    this.remote = makeRemote(this.link, members) as Remote<T>;
    this.link.onFields = (fields) => addFields(this.remote, this.link, members, fields);
  }

  /** Constructs the object, as `spawn` does it. */
  static async of<T extends object, A extends unknown[]>(cls: new (...a: A) => T, ...args: A): Promise<Pair<T>> {
    const pair = new Pair<T>(cls as never);
    const meta = { url: `file:///in/memory/${Math.random()}.ts` } as ImportMeta;
    const address = { ...register(meta, cls as never), fingerprint: fingerprint(cls as never) };
    await pair.link.spawn({ ...address, hints: {} }, args, Pair.of);
    // The far side has declared this process a worker, where `run()` would never run.
    delete (globalThis as Record<symbol, unknown>)[Symbol.for('offloop.worker.v1')];
    return pair;
  }
}
