/** What ties a child process to the one that started it: a channel for its messages, last words, and a common end. */
import { deserialize, serialize } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { ControlFileWorker } from '../src/wire/control-file.ts';
import { encodeThrown } from '../src/wire/error-codec.ts';
import type { Encoded } from '../src/wire/error-codec.ts';
import type { FromWorker, LastWords, ToWorker } from '../src/wire/protocol.ts';
import type { Channel } from './serve.ts';

/** A job may overwrite the global. */
const { process } = globalThis;
const send = process.send?.bind(process) as (message: unknown, sent?: () => void) => void;
const exit = process.exit.bind(process);

/** The messages of the two ends, told from the job's own by the token. */
export class ParentChannel implements Channel {
  readonly #token: number;
  readonly #unsent: Uint8Array[] = [];
  #sent = 0;

  constructor(token: number) {
    this.#token = token;
  }

  postMessage(message: FromWorker): void {
    const bytes = serialize(message);
    this.#unsent.push(bytes);
    send([this.#token, bytes], this.#left);
  }

  /** Also called when the channel is closed: then this process is about to end. */
  readonly #left = (): void => {
    this.#unsent.shift();
    this.#sent++;
  };

  lastWords(uncaught: Encoded | null): LastWords {
    return { uncaught, from: this.#sent, messages: this.#unsent };
  }

  listen(receive: (message: ToWorker) => void): void {
    process.on('message', (message: unknown) => {
      if (Array.isArray(message) && message[0] === this.#token) receive(deserialize(message[1] as Uint8Array) as ToWorker);
    });
    process.channel?.ref(); // an idle child stays
  }
}

/** A child ends with its parent, whatever ended that. Ctrl-C in a terminal goes to both, and the parent decides what it means. */
export function endWithParent(): void {
  process.on('disconnect', () => exit());
  process.on('SIGINT', () => {});
}

/** A child that computes hears of no disconnect, so a thread of its own looks once a second who its parent is. */
const watch = `const { workerData: parent } = require('node:worker_threads');
const nap = new Int32Array(new SharedArrayBuffer(4));
while (process.ppid === parent) Atomics.wait(nap, 0, 0, 1000);
process.kill(process.pid, 'SIGKILL');`;

/** Costs 10 MB and 20 ms of another core. Without it, children of a killed program would compute on for ever. */
export function watchParent(pid: number): void {
  if (process.platform === 'win32') return; // there Node's children end with it
  try {
    const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 };
    const thread = new Worker(watch, { eval: true, workerData: pid, env: {}, execArgv: [], resourceLimits, name: 'offloop parent watch' });
    thread.on('error', () => {}); // it is only a precaution
    thread.unref();
  } catch {
    // This process may start no threads (permission model).
  }
}

/**
 * An error that nobody caught ends the child, as it ends a thread; the parent prints it, or gives it to the job that ran. What a
 * child says in the end goes into the file: messages would not leave any more.
 */
export function tellTheEnd(control: ControlFileWorker, channel: ParentChannel): void {
  let uncaught: Encoded | null = null;
  process.on('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') > 1) return; // the job handles them
    uncaught = encodeThrown(error);
    exit(1);
  });
  process.on('exit', () => {
    const words = channel.lastWords(uncaught);
    if (uncaught !== null || words.messages.length > 0) control.sayLastWords(serialize(words));
  });
}
