/**
 * Puts shipments into the queue, in their order. One call to the server at a time: what comes meanwhile goes with the next, so a
 * burst costs few round trips and a single job none of waiting. A call that failed may have worked: it is made again with the same
 * ids until it is known to have worked.
 */
import { Ring } from '../base/ring.ts';
import type { Consignment } from './remote-consignment.ts';

/** Shipments per call. */
const MOST = 500;
/** Milliseconds before a call that failed is made again, unless the connection tells earlier. */
const PAUSE = 250;

export interface SenderHost {
  readonly ready: boolean;
  add(shipments: readonly Consignment[]): Promise<void>;
  /** The server has it. */
  accepted(shipment: Consignment): void;
  /** The server could not be told; it will be tried again. */
  failed(error: unknown): void;
}

export class Sender {
  readonly #host: SenderHost;
  readonly #line = new Ring<Consignment>();
  #again: Consignment[] = [];
  #busy = false;
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(host: SenderHost) {
    this.#host = host;
  }

  /** Sends it soon: others of this turn of the loop go along. */
  push(shipment: Consignment): void {
    this.#line.push(shipment);
    if (this.#busy) return;
    this.#busy = true;
    queueMicrotask(() => void this.#run());
  }

  /** The connection has come back, or those that wait are to be looked at again. */
  poke(): void {
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.poke();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const shipments = this.#next();
      if (shipments.length === 0) break;
      if (this.#host.ready) await this.#send(shipments);
      else {
        this.#again = shipments;
        await this.#pause();
      }
    }
    this.#busy = false;
  }

  async #send(shipments: Consignment[]): Promise<void> {
    for (const shipment of shipments) shipment.phase = 'sending';
    try {
      await this.#host.add(shipments);
      for (const shipment of shipments) if (!shipment.over) this.#host.accepted(shipment);
    } catch (error) {
      this.#again = shipments;
      this.#host.failed(error);
      await this.#pause();
    }
  }

  /** What was not surely sent goes first. Those that are over meanwhile are left out. */
  #next(): Consignment[] {
    const shipments = this.#again.filter((shipment) => !shipment.over);
    this.#again = [];
    while (shipments.length < MOST && this.#line.size > 0) {
      const shipment = this.#line.shift();
      if (!shipment.over) shipments.push(shipment);
    }
    return shipments;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), PAUSE);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }
}
