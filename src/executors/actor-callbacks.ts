/**
 * The functions that were passed to an actor, and are called from its worker: on this loop, in the scope of the call that
 * passed them. They travel on the actor's own port, which is not ref'd, so none keeps the process alive.
 */
import { ClosedResourceError } from '../base/errors.ts';
import { installed } from '../base/late.ts';
import { bindContext } from '../core/bind-context.ts';
import { handOver } from '../wire/actor-endpoint.ts';
import type { ActorEndpoint } from '../wire/actor-endpoint.ts';
import type { ActorReply, CallbackRequest } from '../wire/actor-protocol.ts';
import { encodeThrown } from '../wire/error-codec.ts';
import { decodeValues, encodeValues } from '../wire/transfer.ts';

type AnyFunction = (...args: never[]) => unknown;

export class ActorCallbacks {
  readonly #endpoint: ActorEndpoint;
  readonly #table = new Map<number, AnyFunction>();
  #last = 0;

  constructor(endpoint: ActorEndpoint) {
    this.#endpoint = endpoint;
  }

  /** How many the worker can still call. */
  get size(): number {
    return this.#table.size;
  }

  readonly numberOf = (fn: AnyFunction): number => {
    if (this.#last === 0) installed('comlink').expose((request: CallbackRequest) => this.#answer(request), this.#endpoint);
    this.#table.set(++this.#last, bindContext(fn));
    return this.#last;
  };

  async #answer([op, number, args, coded]: CallbackRequest): Promise<ActorReply> {
    if (op === 'forget') {
      this.#table.delete(number);
      return ['value', undefined];
    }
    try {
      const fn = this.#table.get(number);
      if (fn === undefined) throw new ClosedResourceError('this callback is gone');
      const { values, replaced } = encodeValues([await fn(...((coded ? decodeValues(args) : args) as never[]))]);
      return handOver<ActorReply>([replaced ? 'coded' : 'value', values[0]], values);
    } catch (error) {
      return ['error', encodeThrown(error)];
    }
  }
}
