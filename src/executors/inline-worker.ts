/**
 * A worker without a thread: the same far side in the same loop. Messages are copied as a port would copy them, and arrive in a
 * turn of their own: between two jobs the loop lives.
 */
import type { AsyncResource } from 'node:async_hooks';
import { threadId } from 'node:worker_threads';
import type { Runtime } from '../core/runtime.ts';
import { ControlBlock, nextSequence, RING } from '../wire/control.ts';
import { JOB_FIELDS } from '../wire/protocol.ts';
import type { FromWorker, ToWorker } from '../wire/protocol.ts';
import { markInlineJob } from './in-place.ts';
import type { WorkerHandle, WorkerListener } from './worker-handle.ts';

type Receive = (message: ToWorker) => void;

export class InlineWorker implements WorkerHandle {
  readonly control: ControlBlock = new ControlBlock();
  readonly id: number = threadId;
  /** Between two jobs the loop lives. */
  readonly capacity: number = 1;
  readonly gone: Promise<void>;
  readonly #runtime: Runtime;
  readonly #context: AsyncResource;
  readonly #listener: WorkerListener;
  readonly #inbox: ToWorker[] = [];
  readonly #hold = setInterval(() => {}, 2 ** 31 - 1).unref();
  #receive: Receive | null = null;
  #sent = 0; // sequence number of the last job
  #over = false;
  #goes!: () => void;

  constructor(runtime: Runtime, context: AsyncResource, listener: WorkerListener) {
    this.#runtime = runtime;
    this.#context = context;
    this.#listener = listener;
    this.gone = new Promise((resolve) => (this.#goes = resolve));
    void this.#start();
  }

  /** The far side is loaded by the first job: a program that never runs one inline need not read it. */
  async #start(): Promise<void> {
    this.#runtime.external++; // a virtual clock must not jump meanwhile
    try {
      const { serveInline } = await import('../../workers/inline.ts');
      const channel = {
        postMessage: (message: FromWorker, transfer: readonly object[] = []) => this.#post(message, transfer),
        sharesMemory: true,
      };
      this.#receive = serveInline(this.control, channel, this.#runtime, markInlineJob);
      for (let i = 0; i < this.#inbox.length; i++) this.#wake();
      if (!this.#over) this.#context.runInAsyncScope(() => this.#listener.ready({}));
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#runtime.external--;
    }
  }

  #fail(cause: unknown): void {
    if (this.#over) return;
    this.#end();
    this.#listener.died({ why: 'load-failed', exitCode: null, signalName: null, cause }, []);
  }

  send(message: ToWorker, transfer: readonly object[]): void {
    this.#inbox.push(structuredClone(message, { transfer: transfer as ArrayBuffer[] }));
    if (Array.isArray(message)) this.#sent = nextSequence(this.#sent, message.length / JOB_FIELDS);
    if (this.#receive !== null) this.#wake();
  }

  #wake(): void {
    this.#runtime.external++;
    setImmediate(() => {
      this.#runtime.external--;
      const message = this.#inbox.shift() as ToWorker;
      if (!this.#over) this.#context.runInAsyncScope(this.#receive as Receive, null, message);
    });
  }

  /** Throws what cannot be cloned, as a port does. */
  #post(message: FromWorker, transfer: readonly object[]): void {
    const copy = structuredClone(message, { transfer: transfer as ArrayBuffer[] });
    queueMicrotask(() => {
      if (!this.#over) this.#context.runInAsyncScope(() => this.#listener.message(copy));
    });
  }

  keepAlive(on: boolean): void {
    if (on && !this.#over) this.#hold.ref();
    else this.#hold.unref();
  }

  /** Nobody can stop code of this loop: what still runs is not listened to any more. */
  terminate(): Promise<void> {
    this.#end();
    return this.gone;
  }

  #end(): void {
    this.#over = true;
    // What waits behind a job that cannot be stopped must not begin.
    for (let back = 0; back < RING; back++) this.control.takeBack(nextSequence(this.#sent, -back));
    clearInterval(this.#hold);
    this.#goes();
  }
}
