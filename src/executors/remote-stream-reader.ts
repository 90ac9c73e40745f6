/**
 * The items of a generator that runs on another machine. The worker puts them into a stream of the server, and says so; they are
 * fetched from there in order. Each batch carries the number of the delivery it was made in: when the worker died and another
 * began anew, items would come twice, so a stream that has handed out some ends with an error then.
 */
import { WorkerDiedError } from '../base/errors.ts';
import type { Job } from './job.ts';
import type { Consignment } from './remote-consignment.ts';
import type { RemoteLink } from './remote-link.ts';
import { messagePurpose } from './remote-payload.ts';
import { warnOnce } from './warnings.ts';

export interface ItemBatch {
  readonly items: readonly unknown[];
  readonly encoded: boolean;
}

export class StreamReader {
  readonly #link: RemoteLink;
  readonly #shipment: Consignment;
  readonly #at: number;
  readonly #job: Job;
  #credit: number;
  #reading: Promise<void> = Promise.resolve();
  #attempt = 0; // of the items that were handed out
  #over = false;

  readonly #interrupt: (error: WorkerDiedError) => void;

  constructor(link: RemoteLink, shipment: Consignment, at: number, job: Job, interrupt: (error: WorkerDiedError) => void) {
    this.#interrupt = interrupt;
    this.#link = link;
    this.#shipment = shipment;
    this.#at = at;
    this.#job = job;
    this.#credit = job.ties?.extras.credit ?? 0;
  }

  /** The server has the job: what the consumer says can be passed on. */
  begin(): void {
    this.#job.ties?.connected({
      post: (message) => {
        if (message.type === 'credit') this.#credit += message.items;
        if (message.type !== 'reply') this.#tell(message.type);
      },
      keepAlive: () => {}, // the connection is kept as long as there are jobs
    });
  }

  #tell(what: 'credit' | 'close'): void {
    const { id } = this.#shipment;
    const message = what === 'close' ? { t: what, id, job: this.#at } : { t: what, id, job: this.#at, total: this.#credit };
    void this.#link.control(message).catch(() => {}); // said again every second
  }

  remind(): void {
    this.#tell('credit');
    this.read().catch(() => {}); // again in a second, and before the end
  }

  /** Fetches what has come. One fetch at a time, so that items stay in order. */
  read(): Promise<void> {
    const fetched = this.#reading.then(() => this.#fetch());
    this.#reading = fetched.catch(() => {});
    return fetched;
  }

  async #fetch(): Promise<void> {
    if (this.#over) return;
    const { id } = this.#shipment;
    for (const { attempt, sealed } of await this.#link.items(id, this.#at)) {
      if (this.#over || this.#job.settled || !this.#shipment.hear(attempt)) continue;
      if (this.#attempt !== 0 && attempt !== this.#attempt) return this.#interrupted();
      this.#attempt = attempt;
      const content = this.#link.payloads.unpack(messagePurpose(id), sealed);
      const { items, encoded } = (content instanceof Promise ? await content : content) as ItemBatch;
      this.#job.ties?.heard({ type: 'items', id: this.#job.id, items, encoded });
    }
  }

  #interrupted(): void {
    const { name } = this.#job;
    const text = `The worker of stream ${JSON.stringify(name)} died, or was frozen, when some of its items had been taken; they are not sent again`;
    this.#interrupt(new WorkerDiedError(text, { job: name, why: 'exit' }));
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    void this.#link.dropItems(this.#shipment.id, this.#at).catch((error: unknown) => {
      warnOnce('', `The items of a stream could not be cleared away: ${this.#link.connections.clean(error).message}`);
    });
  }
}
