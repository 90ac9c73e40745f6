/**
 * One worker thread, through piscina: it starts the thread, loads our entry there and ends it. One Piscina per slot, so that
 * we know which thread runs what. Jobs travel on a port of our own: piscina's mailbox takes one task per message and costs
 * more than a small job, and its queue, abort signal, `close()`, idle freeze and respawning are not what we promise (reasons
 * and figures in docs/decisions.md).
 */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { ControlBlock } from '../wire/control.ts';
import type { FromWorker, Hello, Ready, ToWorker } from '../wire/protocol.ts';
import type { PoolSettings } from './options.ts';
import type { WorkerDeath, WorkerHandle, WorkerListener } from './worker-handle.ts';
import { installed } from '../base/late.ts';
import { whereIs } from '../base/whereabouts.ts';
import type { Whereabouts } from '../base/whereabouts.ts';
import { announceLoop, newLoop } from '../base/worker-loops.ts';
import { workerEntry } from '../base/worker-file.ts';

export class ThreadWorker implements WorkerHandle {
  readonly control: ControlBlock = new ControlBlock();
  readonly gone: Promise<void>;
  readonly #port: MessagePort;
  readonly #pool: Piscina;
  readonly #thread: Worker;
  readonly #listener: WorkerListener;
  #told = false;

  constructor(settings: PoolSettings, hello: Hello, listener: WorkerListener) {
    this.#listener = listener;
    this.#pool = startPiscina(settings);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: FromWorker) => listener.message(message));
    // Nobody can say whose result was lost: rather blame the running job than let it wait for ever.
    port1.on('messageerror', (error: unknown) => this.#end({ why: 'uncaught', exitCode: null, signalName: null, cause: error }));
    port1.unref();
    this.#thread = this.#pool.threads[0] as Worker;
    this.gone = this.#watch(this.#thread);
    const loop = newLoop();
    void this.gone.then(announceLoop(this.#thread.threadId, loop));
    const first = { hello, port: port2, control: this.control.memory, loop };
    this.#pool.run(first, { transferList: [port2] }).then(
      (ready: Ready) => listener.ready(ready),
      () => {}, // the thread died: its own events tell more
    );
  }

  /** Ahead of piscina's own listeners: destroying it there keeps it from starting a thread we did not ask for. */
  #watch(worker: Worker): Promise<void> {
    worker.prependListener('error', (error) => this.#end(causeOf(error)));
    return new Promise((resolve) => {
      worker.prependListener('exit', (exitCode) => {
        this.#end({ why: 'exit', exitCode, signalName: null, cause: undefined });
        resolve();
      });
    });
  }

  /** Once; an uncaught error comes before the exit that it causes. */
  #end(death: WorkerDeath): void {
    void this.#pool.destroy();
    if (this.#told) return;
    this.#told = true;
    const last = this.#drain();
    this.#port.close();
    this.#listener.died(death, last);
  }

  /** What the worker said before it died still counts. */
  #drain(): FromWorker[] {
    const messages: FromWorker[] = [];
    for (let m = receiveMessageOnPort(this.#port); m !== undefined; m = receiveMessageOnPort(this.#port)) {
      messages.push(m.message as FromWorker);
    }
    return messages;
  }

  get id(): number {
    return this.#thread.threadId;
  }

  send(message: ToWorker, transfer: readonly object[]): void {
    this.#port.postMessage(message, transfer as never);
  }

  /** The thread, not the port: a port that closes because the thread died would let the process end before the exit is told. */
  keepAlive(on: boolean): void {
    if (on) this.#thread.ref();
    else this.#thread.unref();
  }

  where(): Promise<Whereabouts> | null {
    return whereIs(this.#thread.threadId);
  }

  async terminate(): Promise<void> {
    if (!this.#told) for (const message of this.#drain()) this.#listener.message(message); // jobs that ended must not run again
    this.#told = true;
    this.#port.close();
    void this.#pool.destroy();
    await this.gone;
  }
}

function startPiscina(settings: PoolSettings): Piscina {
  const { Piscina: Threads } = installed('piscina');
  const pool = new Threads({
    filename: workerEntry('thread'),
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: Infinity,
    atomics: 'disabled', // 'sync' would freeze the timers and ports of an idle worker
    recordTiming: false,
    execArgv: [...settings.execArgv],
    ...(settings.env === undefined ? {} : { env: settings.env }),
    ...(settings.resourceLimits === undefined ? {} : { resourceLimits: settings.resourceLimits }),
  });
  pool.on('error', () => {}); // told by the thread's own events
  return pool;
}

/** A thread that ends by an error exits with code 1. */
function causeOf(error: unknown): WorkerDeath {
  const outOfMemory = (error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return { why: outOfMemory ? 'out-of-memory' : 'uncaught', exitCode: 1, signalName: null, cause: error };
}
