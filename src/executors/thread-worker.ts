/**
 * One worker thread, through piscina: it owns the thread's start, its mailbox and the wake-up; one Piscina per slot, so that
 * we know which thread runs what. What piscina would do differently is switched off (reasons in docs/decisions.md):
 * its queue, its timing, its abort signal, its `close()`, its idle freeze (`atomics`), its respawning after a crash.
 */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { ControlBlock } from '../wire/control.ts';
import type { BatchMessage, BatchReply, CancelNotice, SideMessage } from '../wire/protocol.ts';
import type { PoolSettings } from './options.ts';
import type { WorkerDeath, WorkerHandle, WorkerListener } from './worker-handle.ts';
import { bootstrapArgv, workerEntry } from './worker-file.ts';

export class ThreadWorker implements WorkerHandle {
  readonly control: ControlBlock = new ControlBlock();
  readonly hello: { side: MessagePort };
  readonly #side: MessagePort;
  readonly #pool: Piscina;
  readonly #listener: WorkerListener;
  readonly gone: Promise<void>;
  #told = false;

  constructor(settings: PoolSettings, listener: WorkerListener) {
    this.#listener = listener;
    const { port1, port2 } = new MessageChannel();
    this.#side = port1;
    this.hello = { side: port2 };
    this.#pool = startPiscina(settings, this.control);
    const worker = this.#pool.threads[0] as Worker;
    port1.on('message', (message: SideMessage) => listener.side(message));
    port1.unref();
    // Ahead of piscina's own listeners: destroying it there keeps it from starting a thread we did not ask for.
    worker.prependListener('error', (error) => this.#end(causeOf(error)));
    this.gone = new Promise((resolve) => {
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
    this.#drainSide();
    this.#side.close();
    this.#listener.died(death);
  }

  /** What the worker said before it died still counts. */
  #drainSide(): void {
    for (let m = this.receive(); m !== undefined; m = this.receive()) this.#listener.side(m);
  }

  send(message: BatchMessage, transfer: readonly object[]): Promise<BatchReply> {
    const reply = this.#pool.run(message, transfer.length === 0 ? undefined : { transferList: transfer as never }) as Promise<BatchReply>;
    // A rejection means that the message could not be posted, or that the thread is gone; the latter is told by `died`.
    return reply.catch((error: unknown) => (isCloneError(error) ? Promise.reject(error) : new Promise<never>(() => {})));
  }

  receive(): SideMessage | undefined {
    return receiveMessageOnPort(this.#side)?.message as SideMessage | undefined;
  }

  notify(notice: CancelNotice): void {
    this.#side.postMessage(notice);
  }

  async terminate(): Promise<void> {
    this.#told = true;
    this.#side.close();
    void this.#pool.destroy();
    await this.gone;
  }
}

function startPiscina(settings: PoolSettings, control: ControlBlock): Piscina {
  const pool = new Piscina({
    filename: workerEntry('thread'),
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: Infinity,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled',
    recordTiming: false,
    loadBalancer: (_task, workers) => workers[0] ?? null,
    execArgv: [...settings.execArgv, ...bootstrapArgv()],
    workerData: { offloop: control.memory },
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

function isCloneError(error: unknown): boolean {
  return error instanceof Error && (error.name === 'DataCloneError' || (error as { code?: unknown }).code === 'ERR_MISSING_TRANSFERABLE_IN_TRANSFER_LIST');
}
