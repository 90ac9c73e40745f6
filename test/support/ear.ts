/** A worker that is listened to without a pool: what is heard of it, and a way to give it jobs one by one. */
import type { WorkerDeath, WorkerHandle, WorkerListener } from '../../src/executors/worker-handle.ts';
import type { FromWorker, Hello, Ready } from '../../src/wire/protocol.ts';

export const hello: Hello = { hints: {}, preload: [], init: undefined, teardown: undefined };

export class Ear<W extends WorkerHandle> implements WorkerListener {
  readonly messages: FromWorker[] = [];
  readonly deaths: [WorkerDeath, readonly FromWorker[]][] = [];
  readonly worker: W;
  isReady: Ready | null = null;
  #changed: () => void = () => {};
  #sent = 0;

  constructor(start: (listener: WorkerListener) => W) {
    this.worker = start(this);
    this.worker.keepAlive(true);
  }

  ready(ready: Ready): void {
    this.isReady = ready;
    this.#changed();
  }

  message(message: FromWorker): void {
    this.messages.push(message);
    this.#changed();
  }

  died(death: WorkerDeath, last: readonly FromWorker[]): void {
    this.deaths.push([death, last]);
    this.#changed();
  }

  async until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  /** Offers and sends one job of an inline function. */
  run(source: string, ...args: unknown[]): void {
    this.worker.send({ type: 'define', fn: 1, ref: { source, name: 'f' }, name: 'f' }, []);
    this.worker.control.offer(++this.#sent, 1);
    this.worker.send([1, 1, args, null], []);
  }

  /** What the nth job returned. */
  async result(n = 1): Promise<unknown> {
    await this.until(() => this.messages.length >= n);
    return (this.messages[n - 1] as unknown[])[2];
  }
}
