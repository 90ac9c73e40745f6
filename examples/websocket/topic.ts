import { channel, resource } from 'offloop';
import type { ReceiveChannel, SendChannel } from 'offloop';

const PENDING = 16;

/** Tells all subscribers. Who is slow misses some, and holds up nobody. */
export class Topic {
  readonly #subscribers = new Set<SendChannel<string>>();

  get size(): number {
    return this.#subscribers.size;
  }

  publish(text: string): void {
    for (const s of this.#subscribers) if (s.statistics().buffered < PENDING) s.sendNowait(text);
  }

  readonly subscription = resource((): AsyncGenerator<ReceiveChannel<string>> => this.#subscribe());

  async *#subscribe(): AsyncGenerator<ReceiveChannel<string>> {
    const [send, receive] = channel<string>(PENDING);
    this.#subscribers.add(send);
    try {
      yield receive;
    } finally {
      this.#subscribers.delete(send);
      send.close();
    }
  }
}
