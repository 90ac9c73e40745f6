/** Callbacks as the job sees them: async functions that run on the loop; the near side is `src/executors/callback.ts`. */
import { ClosedResourceError } from '../src/base/errors.ts';
import type { CancelledError } from '../src/base/errors.ts';
import { here } from '../src/core/scope.ts';
import { Waiter } from '../src/core/waiter.ts';
import { isContainer } from '../src/wire/class-registry.ts';
import { notCloneable } from '../src/wire/clone-path.ts';
import { decodeThrown } from '../src/wire/error-codec.ts';
import type { Encoded } from '../src/wire/error-codec.ts';
import { CODED_VALUE, ERROR } from '../src/wire/protocol.ts';
import type { FromWorker, ToJob } from '../src/wire/protocol.ts';
import { collectTransfer, decodeValues, encodeValues } from '../src/wire/transfer.ts';

interface Channel {
  postMessage(message: FromWorker, transfer?: readonly object[]): void;
}
type Reply = Extract<ToJob, { type: 'reply' }>;

/** A call that waits for its reply. */
class CallWaiter extends Waiter<unknown, void> {
  readonly #forget: () => void;
  readonly site: { stack?: string } = {};
  promise!: Promise<unknown>;

  constructor(forget: () => void) {
    super();
    this.#forget = forget;
  }

  override get waitingOn(): string {
    return 'a callback';
  }

  override onCancel(error: CancelledError): void {
    this.#forget();
    super.onCancel(error);
  }
}

export class FarCallbacks {
  readonly #key: string;
  readonly #id: number;
  readonly #name: string;
  readonly #channel: Channel;
  readonly #pending = new Map<number, CallWaiter>();
  #lastCall = 0;
  #over = false;

  constructor(key: string, job: { id: number; name: string }, channel: Channel) {
    this.#key = key;
    this.#id = job.id;
    this.#name = job.name;
    this.#channel = channel;
  }

  /** Calls without a reply so far. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Puts functions where the arguments hold numbers of callbacks. The arguments are ours: they are changed in place. */
  revive(args: readonly unknown[]): unknown[] {
    const made = new Map<number, unknown>();
    const seen = new Set<object>();
    const see = (value: unknown): unknown => {
      if (!isContainer(value) || seen.has(value as object)) return value;
      const number = Object.hasOwn(value as object, this.#key) ? ((value as Record<string, unknown>)[this.#key] as number) : -1;
      if (number === -1) return this.#inside(value as object, seen, see);
      if (!made.has(number)) made.set(number, this.#standIn(number));
      return made.get(number);
    };
    return args.map(see);
  }

  #inside(value: object, seen: Set<object>, see: (part: unknown) => unknown): object {
    seen.add(value);
    if (value instanceof Map) for (const [key, part] of value as Map<unknown, unknown>) value.set(key, see(part));
    else if (value instanceof Set) {
      const parts = [...value].map(see);
      value.clear();
      for (const part of parts) value.add(part);
    } else {
      for (const [key, part] of Object.entries(value) as [string, unknown][]) {
        const result = see(part);
        if (result !== part) Object.defineProperty(value, key, { value: result, enumerable: true, writable: true, configurable: true });
      }
    }
    return value;
  }

  #standIn(callback: number): (...args: unknown[]) => Promise<unknown> {
    const call = (...args: unknown[]): Promise<unknown> => this.#call(callback, args, call);
    return call;
  }

  /** No checkpoint: what a cancelled job has to say while it cleans up still arrives. A cancel that comes later ends the wait. */
  #call(callback: number, args: unknown[], below: (...args: unknown[]) => unknown): Promise<unknown> {
    if (this.#over) return unheard(Promise.reject(this.#tooLate()));
    const call = ++this.#lastCall;
    const waiter = new CallWaiter(() => this.#pending.delete(call));
    Error.captureStackTrace(waiter.site, below);
    const promise = (waiter.promise = new Promise((resolve, reject) => Object.assign(waiter, { resolve, reject })));
    try {
      const { values, replaced } = encodeValues(args);
      const message = { type: 'call', id: this.#id, call, callback, args: values, encoded: replaced } as const;
      this.#channel.postMessage(message, collectTransfer(values) as object[]);
    } catch (error) {
      return Promise.reject(notCloneable(args, 'args', error));
    }
    this.#pending.set(call, waiter);
    const scope = here();
    if (scope.effective === null) scope.link(waiter);
    return promise;
  }

  heard({ call, kind, payload }: Reply): void {
    const waiter = this.#pending.get(call);
    if (waiter === undefined) return; // it was cancelled meanwhile
    this.#pending.delete(call);
    if (kind === ERROR) return waiter.refuse(decodeThrown(payload as Encoded, (waiter.site.stack ?? '').split('\n').slice(1).join('\n')));
    try {
      waiter.grant(kind === CODED_VALUE ? decodeValues([payload])[0] : payload);
    } catch (error) {
      waiter.refuse(error);
    }
  }

  #tooLate(): ClosedResourceError {
    return new ClosedResourceError(`a callback was called, or not awaited, after job ${JSON.stringify(this.#name)} had ended`);
  }

  /** The job is over: nobody answers any more. Calls that it did not await are nobody's unhandled rejections. */
  end(): void {
    this.#over = true;
    for (const waiter of this.#pending.values()) {
      void unheard(waiter.promise);
      waiter.refuse(this.#tooLate());
    }
    this.#pending.clear();
  }
}

/** Nobody awaits it any more: its rejection must not end the worker, where others' jobs run by now. */
function unheard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
