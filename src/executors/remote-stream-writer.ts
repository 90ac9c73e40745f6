/** Puts the items of generators into streams of the server, in order, and tells the submitter that there are some. */
import type { Redis } from 'ioredis';
import type { Answers } from './remote-answers.ts';
import type { Delivery } from './remote-delivery.ts';
import { messagePurpose } from './remote-payload.ts';
import type { Payloads } from './remote-payload.ts';
import type { ItemBatch } from './remote-stream-reader.ts';

/** Milliseconds for which items are kept that nobody fetches. */
const TTL = 3_600_000;

export class StreamWriter {
  readonly #redis: Pick<Redis, 'xadd' | 'pexpire'>;
  readonly #payloads: Payloads;
  readonly #answers: Answers;
  readonly #keyOf: (shipment: string, job: number) => string;
  readonly #lines = new Map<string, Promise<void>>();

  constructor(
    redis: Pick<Redis, 'xadd' | 'pexpire'>,
    payloads: Payloads,
    answers: Answers,
    keyOf: (shipment: string, job: number) => string,
  ) {
    this.#redis = redis;
    this.#payloads = payloads;
    this.#answers = answers;
    this.#keyOf = keyOf;
  }

  /** Returns at once: how much may be under way is limited by the credit of the generator. */
  write(delivery: Delivery, job: number, batch: ItemBatch): void {
    const text = this.#payloads.pack(messagePurpose(delivery.id), batch);
    const before = this.#lines.get(delivery.id) ?? Promise.resolve();
    const written = before.then(async () => this.#add(delivery, job, await text));
    written.catch(() => {}); // `finish` tells it
    this.#lines.set(delivery.id, written);
  }

  async #add({ id, attempt, shipment }: Delivery, job: number, sealed: string): Promise<void> {
    const key = this.#keyOf(id, job);
    await Promise.all([this.#redis.xadd(key, '*', 'attempt', attempt, 'sealed', sealed), this.#redis.pexpire(key, TTL)]);
    this.#answers.push(shipment.from, { t: 'items', id, attempt, job });
  }

  /** All items are on the server: only then may the end be told. */
  async finish({ id }: Delivery): Promise<void> {
    const last = this.#lines.get(id);
    this.#lines.delete(id);
    await last;
  }
}
