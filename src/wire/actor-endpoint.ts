/**
 * A MessagePort as comlink wants it, with what comlink leaves out: what cannot be cloned is an error with a path, never a
 * call that hangs or a message lost, and a closed end is silent. comlink's transfer handlers are shared by all users of the
 * module, so none is set: everything of ours is in the messages themselves.
 */
import type { MessagePort } from 'node:worker_threads';
import { installed } from '../base/late.ts';
import { findUncloneable, notCloneable } from './clone-path.ts';
import { encodeThrown } from './error-codec.ts';
import type { Encoded } from './error-codec.ts';
import { collectTransfer } from './transfer.ts';
import type { ActorReply, ActorRequest } from './actor-protocol.ts';

/** comlink's own envelope, as far as it matters here. */
interface Envelope {
  readonly id: string;
  readonly type: string;
  readonly argumentList?: readonly [{ readonly value: ActorRequest }];
  readonly value?: unknown;
}

/** comlink sends along what `move()` marked in `values`, which are part of `message`. */
export function handOver<M extends object>(message: M, values: readonly unknown[]): M {
  const list = collectTransfer(values);
  return list.length === 0 ? message : installed('comlink').transfer(message, list as never);
}

type Listener = (event: { data: unknown }) => void;

export class ActorEndpoint {
  readonly #port: Pick<MessagePort, 'postMessage'>;
  readonly #listeners = new Set<Listener>();
  #closed = false;

  constructor(port: Pick<MessagePort, 'postMessage'>) {
    this.#port = port;
  }

  addEventListener(_type: string, listener: Listener): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: string, listener: Listener): void {
    this.#listeners.delete(listener);
  }

  /** Hands what came through the port to comlink. */
  receive(data: unknown): void {
    for (const listener of this.#listeners) listener({ data });
  }

  close(): void {
    this.#closed = true;
  }

  postMessage(envelope: Envelope, transfer: readonly object[] = []): void {
    if (this.#closed) return;
    try {
      this.#port.postMessage(envelope, transfer as never);
    } catch (error) {
      this.#refused(envelope, error, transfer);
    }
  }

  #refused({ id, argumentList, value }: Envelope, error: unknown, transfer: readonly object[]): void {
    if (argumentList === undefined) {
      const reply = cloneable(value as ActorReply, error, transfer);
      this.#port.postMessage({ id, type: 'RAW', value: reply }, transfer as never);
    } else {
      const reply: ActorReply = ['refused', notCloneable(argumentList[0].value[2], 'args', error, transfer)];
      this.receive({ id, type: 'RAW', value: reply }); // comlink waits for an answer under this id
    }
  }
}

/** The error in the place of the value; of a batch, the items before the one that cannot be cloned are kept. */
function cloneable([kind, payload]: ActorReply, error: unknown, transferred: readonly object[]): ActorReply {
  const thrown = (value: unknown): Encoded => encodeThrown(notCloneable(value, 'result', error, transferred));
  if (kind !== 'batch') return ['error', thrown(payload)];
  const { items, coded } = payload;
  const bad = items.findIndex((item) => findUncloneable(item, 'result', transferred) !== null);
  return ['batch', { items: items.slice(0, Math.max(bad, 0)), coded, end: { thrown: thrown(items[bad]) } }];
}
