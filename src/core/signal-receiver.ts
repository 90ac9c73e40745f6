/** Signals as a stream: for programs that reload on SIGHUP or count SIGUSR2. */
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { BusyResourceError, InvalidStateError } from '../base/errors.ts';
import { checkOneOf, outOfRange, wrongType } from '../base/validate.ts';
import { here } from './scope.ts';
import { WaitQueue } from './waiter.ts';

/** A name that Node knows, and that a process can listen to. */
export function checkCatchable(where: string, signal: NodeJS.Signals): void {
  checkOneOf(where, signal, Object.keys(constants.signals));
  if (signal === 'SIGKILL' || signal === 'SIGSTOP') throw outOfRange(where, 'a signal that can be caught', signal);
}

/**
 * Catches the given signals until it is disposed (or the loop over it is left). A signal that comes while nobody asks is
 * kept, once for each kind; kinds take turns, so none starves another. What was kept and not received is sent again at the end
 * if nobody else listens to it, so that it is not lost. Waiting for a signal keeps the process alive.
 *
 * - Waits for: a signal.
 * - On cancel: stops waiting; what has come is kept.
 * - Order: order of arrival.
 * - Throws: TypeError without signals, RangeError for what cannot be caught, InvalidStateError in a worker thread (signals do
 *   not come there); CancelledError; BusyResourceError when another task waits already.
 */
export function openSignalReceiver(...signals: NodeJS.Signals[]): AsyncIterableIterator<NodeJS.Signals> & Disposable {
  if (signals.length === 0) throw wrongType('signals', 'at least one signal name', undefined);
  signals.forEach((s, i) => checkCatchable(`signals[${i}]`, s));
  if (!isMainThread)
    throw new InvalidStateError('openSignalReceiver() was called in a worker thread: signals come to the main thread only');
  return new SignalReceiver(new Set(signals));
}

type Step = IteratorResult<NodeJS.Signals, undefined>;
const END: Step = { done: true, value: undefined };
const LONG = 2 ** 31 - 1;

class SignalReceiver implements AsyncIterableIterator<NodeJS.Signals>, Disposable {
  readonly #signals: ReadonlySet<NodeJS.Signals>;
  readonly #pending = new Set<NodeJS.Signals>(); // in order of arrival; one that was handed out and comes again goes to the end
  readonly #waiters = new WaitQueue<Step, void>('a signal', this);
  #closed = false;

  constructor(signals: ReadonlySet<NodeJS.Signals>) {
    this.#signals = signals;
    for (const s of signals) process.on(s, this.#caught);
  }

  readonly #caught = (signal: NodeJS.Signals): void => {
    const waiter = this.#waiters.shift();
    if (waiter !== null) waiter.grant({ done: false, value: signal });
    else this.#pending.add(signal);
  };

  async next(): Promise<Step> {
    const scope = here();
    if (scope.effective !== null) throw scope.interrupt();
    if (this.#closed) return END;
    const [first] = this.#pending;
    if (first !== undefined) {
      this.#pending.delete(first);
      return { done: false, value: first };
    }
    if (this.#waiters.size > 0) throw new BusyResourceError('another task waits for a signal of this receiver already');
    const alive = setInterval(() => {}, LONG); // Node would not wait for a signal by itself
    try {
      return await this.#waiters.park(scope, undefined);
    } finally {
      clearInterval(alive);
    }
  }

  async return(): Promise<Step> {
    this[Symbol.dispose]();
    return END;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const s of this.#signals) process.off(s, this.#caught);
    this.#waiters.shift()?.grant(END);
    for (const s of this.#pending) if (process.listenerCount(s) === 0) process.kill(process.pid, s);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
