/** The thread of one actor, and the port to it. Unlike a pool's worker it is never replaced: its state would be gone. */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { MessagePort, ResourceLimits } from 'node:worker_threads';
import { ActorEndpoint } from '../wire/actor-endpoint.ts';
import { announceLoop, newLoop } from '../base/worker-loops.ts';
import { workerEntry } from '../base/worker-file.ts';
import { workerExecArgv } from './worker-flags.ts';
import type { WorkerDeath } from './worker-handle.ts';

export interface ActorThreadOptions {
  readonly name: string;
  readonly resourceLimits: ResourceLimits | undefined;
  readonly flags: SharedArrayBuffer;
}

/** What the actor needs of its thread; tests have one without a thread. */
export interface ActorHome {
  readonly endpoint: ActorEndpoint;
  /** Resolves when the thread is gone, whatever ended it. */
  readonly gone: Promise<void>;
  keepAlive(on: boolean): void;
  terminate(): Promise<void>;
}

export class ActorThread implements ActorHome {
  readonly endpoint: ActorEndpoint;
  readonly gone: Promise<void>;
  readonly #thread: Worker;
  readonly #port: MessagePort;
  readonly #died: (death: WorkerDeath) => void;
  #told = false;

  /** `died` is not called after `terminate()`. What the worker said before it died has been received by then. */
  constructor({ name, resourceLimits, flags }: ActorThreadOptions, died: (death: WorkerDeath) => void) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#died = died;
    this.endpoint = new ActorEndpoint(port1);
    port1.on('message', (message: unknown) => this.endpoint.receive(message));
    // Nobody can say whose reply was lost: better an error for every call than one that waits for ever.
    port1.on('messageerror', (cause: unknown) => this.#lost(cause));
    port1.unref();
    const loop = newLoop();
    this.#thread = new Worker(workerEntry('actor'), {
      name: name.slice(0, 64),
      execArgv: workerExecArgv(undefined),
      workerData: { port: port2, flags, loop },
      transferList: [port2],
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    this.#thread.on('error', (error) => this.#end(deathBy(error)));
    this.gone = new Promise((resolve) => {
      this.#thread.on('exit', (exitCode) => {
        this.#end({ why: 'exit', exitCode, signalName: null, cause: undefined });
        resolve();
      });
    });
    void this.gone.then(announceLoop(this.#thread.threadId, loop));
  }

  #lost(cause: unknown): void {
    this.#end({ why: 'uncaught', exitCode: null, signalName: null, cause });
    void this.#thread.terminate();
  }

  /** Once; an uncaught error comes before the exit that it causes. */
  #end(death: WorkerDeath): void {
    if (this.#told) return;
    this.#told = true;
    for (let m = receiveMessageOnPort(this.#port); m !== undefined; m = receiveMessageOnPort(this.#port)) {
      this.endpoint.receive(m.message);
    }
    this.#close();
    setImmediate(() => this.#died(death)); // comlink passes replies on in microtasks: they come first
  }

  #close(): void {
    this.endpoint.close();
    this.#port.close();
  }

  /** The thread, not the port: a port that closes because the thread died would let the process end before the exit is told. */
  keepAlive(on: boolean): void {
    if (on) this.#thread.ref();
    else this.#thread.unref();
  }

  async terminate(): Promise<void> {
    this.#told = true;
    this.#close();
    this.#thread.ref(); // whoever waits for the end must live to see it
    await this.#thread.terminate();
    await this.gone;
  }
}

/** A thread that ends by an error exits with code 1. */
function deathBy(error: unknown): WorkerDeath {
  const outOfMemory = (error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return { why: outOfMemory ? 'out-of-memory' : 'uncaught', exitCode: 1, signalName: null, cause: error };
}
