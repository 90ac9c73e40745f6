/** What ties the running job to the loop besides its arguments and its outcome; the near side is `src/executors/ties.ts`. */
import type { FromWorker, JobExtras, ToJob } from '../src/wire/protocol.ts';
import type { JobScope, JobTies } from './job.ts';
import { withContext } from '../src/executors/carry-context.ts';
import { FarCallbacks } from './callback.ts';
import { Producer } from './stream.ts';

type AnyFunction = (...args: unknown[]) => unknown;

/** Throws what cannot be cloned. */
interface Channel {
  postMessage(message: FromWorker, transfer?: readonly object[]): void;
}

export class Ties implements JobTies {
  readonly #producer: Producer | null;
  readonly #callbacks: FarCallbacks | null;
  readonly #context: JobExtras['context'];

  constructor(extras: JobExtras, scope: JobScope, channel: Channel) {
    this.#producer = extras.credit === undefined ? null : new Producer(extras.credit, scope, channel);
    this.#callbacks = extras.callbacks === undefined ? null : new FarCallbacks(extras.callbacks, scope, channel);
    this.#context = extras.context;
  }

  get closing(): boolean {
    return this.#producer?.closing === true;
  }

  get waiting(): number {
    return this.#callbacks?.waiting ?? 0;
  }

  /** The function with everything that belongs around its call. */
  wrap(fn: AnyFunction): AnyFunction {
    const context = this.#context;
    return (...args) => {
      const revived = this.#callbacks === null ? args : this.#callbacks.revive(args);
      const call = (): unknown => (this.#producer === null ? fn(...revived) : this.#producer.take(fn(...revived)));
      return context === undefined ? call() : withContext(context, call);
    };
  }

  heard(message: ToJob): void {
    if (message.type === 'credit') this.#producer?.grant(message.items);
    else if (message.type === 'close') this.#producer?.close();
    else this.#callbacks?.heard(message);
  }

  /** The job is over. */
  end(): void {
    this.#callbacks?.end();
  }
}

/** Null for a job that has no ties. */
export function tiesOf(extras: JobExtras, scope: JobScope, channel: Channel): Ties | null {
  const none = extras.credit === undefined && extras.callbacks === undefined && extras.context === undefined;
  return none ? null : new Ties(extras, scope, channel);
}
