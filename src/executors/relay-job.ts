/**
 * A job that is run here for somebody on another machine. Its arguments came encoded and its result goes on encoded: the classes
 * and codecs they are made of are known to the function's module and to the submitter, not to the process between them.
 */
import type { Encoded } from '../wire/error-codec.ts';
import { encodeThrown } from '../wire/error-codec.ts';
import { CODED_VALUE, ERROR, VALUE } from '../wire/protocol.ts';
import type { Carried, FromJob, JobExtras } from '../wire/protocol.ts';
import { Job } from './job.ts';
import type { JobInit, JobOutcome } from './job.ts';
import type { Tie, Wire } from './ties.ts';

/** What the function's worker sent, as it was sent. */
export class RawOutcome {
  readonly kind: number;
  readonly payload: unknown;

  constructor(kind: number, payload: unknown) {
    this.kind = kind;
    this.payload = payload;
  }
}

export interface Relay {
  readonly encoded: boolean;
  readonly context: Carried | null;
  /** Above 0: a generator. */
  readonly credit: number;
  /** The items of a generator, as its worker sent them. */
  items(items: readonly unknown[], encoded: boolean): void;
}

/** The far end of a stream that goes on to another machine. */
class RelayTie implements Tie {
  readonly extras: Tie['extras'];
  wire: Wire | null = null;
  readonly #relay: Relay;

  constructor(relay: Relay) {
    const { encoded, context, credit } = relay;
    this.#relay = relay;
    const extras: Partial<Pick<JobExtras, 'encoded' | 'context' | 'credit'>> = {
      ...(encoded ? { encoded } : {}),
      ...(context === null ? {} : { context }),
      ...(credit === 0 ? {} : { credit }),
    };
    this.extras = extras;
  }

  connected(wire: Wire): void {
    this.wire = wire;
  }

  heard(message: FromJob): boolean {
    if (message.type !== 'items') return false;
    this.#relay.items(message.items, message.encoded);
    return true;
  }
}

export class RelayJob extends Job {
  override readonly relays: boolean = true;
  readonly #tie: RelayTie | null;

  constructor(relay: Relay, init: JobInit) {
    const [scope, host, fn, args, settings] = init;
    super(scope, host, fn, args, settings, null); // the lines that matter are its submitter's
    const plain = !relay.encoded && relay.context === null && relay.credit === 0;
    this.#tie = plain ? null : new RelayTie(relay);
    if (this.#tie !== null) this.tie(this.#tie);
    this.onSettled(() => this.failed && this.error()); // it is told elsewhere, not here
  }

  /** The consumer has room for more. */
  grant(items: number): void {
    if (!this.settled) this.#tie?.wire?.post({ type: 'credit', id: this.id, items }, []);
  }

  /** The consumer wants no more. */
  close(): void {
    if (!this.settled) this.#tie?.wire?.post({ type: 'close', id: this.id }, []);
  }

  /** What it threw although it was asked to stop: its submitter is to be told, nobody here. */
  thrown: unknown = null;

  override end(outcome: JobOutcome): boolean {
    if (outcome.ok || this.effective === null) return super.end(outcome);
    if (outcome.error instanceof RawOutcome) this.thrown = outcome.error.payload;
    return super.end({ ok: true, value: undefined });
  }

  /** Once it has settled, and was not cancelled: what is to be sent on. */
  outcome(): { readonly kind: number; readonly payload: unknown } {
    if (this.failed) {
      const error = this.error();
      return error instanceof RawOutcome ? error : { kind: ERROR, payload: encodeThrown(error) satisfies Encoded };
    }
    const value = this.result();
    return value instanceof RawOutcome ? value : { kind: VALUE, payload: value };
  }
}

/** For `unpack`: what is not to be read here. */
export function rawOutcome(kind: number, payload: unknown): JobOutcome | null {
  if (kind === ERROR) return { ok: false, error: new RawOutcome(kind, payload) };
  return kind === CODED_VALUE ? { ok: true, value: new RawOutcome(kind, payload) } : null;
}
