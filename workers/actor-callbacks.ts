/** The stand-ins for functions that live in the loop: calling one is a message to there, and a promise here. */
import { installed } from '../src/base/late.ts';
import { handOver } from '../src/wire/actor-endpoint.ts';
import type { ActorEndpoint } from '../src/wire/actor-endpoint.ts';
import type { ActorReply, CallbackRequest } from '../src/wire/actor-protocol.ts';
import { decodeThrown } from '../src/wire/error-codec.ts';
import { decodeValues, encodeValues } from '../src/wire/transfer.ts';

type Send = (request: CallbackRequest) => Promise<ActorReply>;

export class LoopCallbacks {
  readonly #endpoint: ActorEndpoint;
  /** The loop keeps a function as long as somebody here can call it. */
  readonly #gone: FinalizationRegistry<number>;
  #send: Send | null = null;

  constructor(endpoint: ActorEndpoint) {
    this.#endpoint = endpoint;
    this.#gone = new FinalizationRegistry((callback) => void this.#send?.(['forget', callback, [], false]));
  }

  readonly standIn = (callback: number): ((...args: unknown[]) => Promise<unknown>) => {
    const send = (this.#send ??= installed('comlink').wrap(this.#endpoint) as unknown as Send);
    const fn = (...args: unknown[]): Promise<unknown> => call(send, callback, args);
    this.#gone.register(fn, callback);
    return fn;
  };
}

async function call(send: Send, callback: number, args: readonly unknown[]): Promise<unknown> {
  const { values, replaced } = encodeValues(args);
  const request: CallbackRequest = ['callback', callback, values, replaced];
  const [kind, payload] = await send(handOver(request, values));
  if (kind === 'error') throw decodeThrown(payload);
  if (kind === 'refused') throw payload;
  return kind === 'coded' ? decodeValues([payload])[0] : payload;
}
