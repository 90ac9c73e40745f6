/** The far side in this process, behind a MessageChannel: everything but the thread around it. */
import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { afterEach } from 'vitest';
import { ControlBlock } from '../../src/wire/control.ts';
import { decodeThrown } from '../../src/wire/error-codec.ts';
import type { Encoded } from '../../src/wire/error-codec.ts';
import { ERROR } from '../../src/wire/protocol.ts';
import type { FromWorker, FunctionRef, Hello, JobExtras, Outcomes } from '../../src/wire/protocol.ts';
import { currentJob, progress } from '../../workers/job.ts';
import { Server } from '../../workers/serve.ts';

export const inline = (fn: (...args: never[]) => unknown): FunctionRef => ({ source: String(fn), name: fn.name });
export const hello = (o: Partial<Hello> = {}): Hello => ({ hints: {}, preload: [], init: undefined, teardown: undefined, ...o });

/** What inline functions of these tests reach, since they have no surroundings. */
export interface Reach {
  calls: unknown[];
  currentJob: typeof currentJob;
  progress: typeof progress;
  gate: Promise<void>;
}
export const reach: Reach = { calls: [], currentJob, progress, gate: Promise.resolve() };
declare global {
  var reach: Reach;
}
globalThis.reach = reach;

let open: { port1: { close(): void }; port2: { close(): void } }[] = [];
afterEach(() => {
  for (const { port1, port2 } of open) {
    port1.close();
    port2.close();
  }
  open = [];
  reach.calls = [];
});

export class Far {
  readonly control: ControlBlock = new ControlBlock();
  readonly server: Server;
  readonly #port: MessageChannel['port1'];
  readonly heard: FromWorker[] = [];
  #lastFn = 0;
  #lastSequence = 0;

  constructor({ sharesMemory = false } = {}) {
    const channel = new MessageChannel();
    open.push(channel);
    this.#port = channel.port1;
    this.#port.on('message', (message: FromWorker) => this.heard.push(message));
    const postMessage = (message: FromWorker, transfer?: readonly object[]): void => channel.port2.postMessage(message, transfer as never);
    this.server = new Server(this.control, { postMessage, sharesMemory });
  }

  define(fn: (...args: never[]) => unknown): number {
    this.server.receive({ type: 'define', fn: ++this.#lastFn, ref: inline(fn), name: fn.name });
    return this.#lastFn;
  }

  /** Sends one job per argument list. */
  send(fn: number, ...jobs: (readonly unknown[])[]): number {
    return this.sendWith(fn, null, ...jobs);
  }

  sendWith(fn: number, extras: JobExtras | null, ...jobs: (readonly unknown[])[]): number {
    const base = this.#lastSequence + 1;
    this.#lastSequence += jobs.length;
    this.control.offer(base, jobs.length);
    this.server.receive(jobs.flatMap((args, i) => [fn, 100 + i, args, extras]));
    return base;
  }

  /** The outcomes, once there are `n`. */
  async outcomes(n: number): Promise<[kind: number, payload: unknown][]> {
    while (this.#outcomes.length < n) await once(this.#port, 'message');
    return this.#outcomes.map(([kind, , payload]) => [kind as number, kind === ERROR ? decodeThrown(payload as Encoded) : payload]);
  }

  get #outcomes(): Outcomes[] {
    return this.heard.filter((message): message is Outcomes => Array.isArray(message));
  }

  /** Whatever is under way arrives. */
  async turn(): Promise<void> {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  async next(): Promise<void> {
    await once(this.#port, 'message');
  }
}
