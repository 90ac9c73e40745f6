/**
 * Which jobs were cancelled before they came here. Every worker hears of every cancellation and remembers it for a while, so that
 * nobody needs to be asked at the start of a job; the server is asked only where something may have been missed: when a shipment
 * was made before this worker listened, or is delivered again.
 */

/** Shipments that are remembered. */
const MOST = 10_000;

export class Tombstones {
  readonly #heard = new Map<string, Set<number>>();
  /** Since when, on the server's clock, every cancellation has been heard. */
  #listeningSince = Infinity;

  listening(since: number): void {
    this.#listeningSince = since;
  }

  deaf(): void {
    this.#listeningSince = Infinity;
  }

  heard(shipment: string, job: number): void {
    const jobs = this.#heard.get(shipment) ?? new Set();
    this.#heard.delete(shipment); // the latest stay longest
    this.#heard.set(shipment, jobs.add(job));
    if (this.#heard.size > MOST) this.#heard.delete(this.#heard.keys().next().value as string);
  }

  /** `madeAt` is on the server's clock. */
  mustAsk(madeAt: number, attempt: number): boolean {
    return attempt > 1 || madeAt <= this.#listeningSince || this.#heard.size >= MOST;
  }

  of(shipment: string): ReadonlySet<number> | undefined {
    return this.#heard.get(shipment);
  }

  forget(shipment: string): void {
    this.#heard.delete(shipment);
  }
}
