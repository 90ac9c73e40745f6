/** The names of everything that a pool has on the server. One hash tag per pool, so that a cluster keeps its keys together. */
export class RemoteKeys {
  /** Of BullMQ's queue; its keys are `<prefix>:<queue>:…`. */
  readonly prefix: string;
  readonly queue: string;
  readonly #root: string;

  constructor(prefix: string, pool: string) {
    this.prefix = `{${prefix}-${pool}}`;
    this.queue = pool;
    this.#root = `${this.prefix}:offloop`;
  }

  /** What BullMQ keeps of a shipment. */
  job(shipment: string): string {
    return `${this.prefix}:${this.queue}:${shipment}`;
  }

  answers(submitter: string): string {
    return `${this.#root}:answers:${submitter}`;
  }

  get control(): string {
    return `${this.#root}:control`;
  }

  /** A set of the numbers of the cancelled jobs of a shipment. */
  tombstones(shipment: string): string {
    return `${this.#root}:cancelled:${shipment}`;
  }

  blob(id: string): string {
    return `${this.#root}:blob:${id}`;
  }

  items(shipment: string, job: number): string {
    return `${this.#root}:items:${shipment}:${job}`;
  }

  get workers(): string {
    return `${this.#root}:workers`;
  }
}
