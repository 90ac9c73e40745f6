/** The server's clock, as well as it can be known here: machines disagree about the time, so limits that travel are on this one. */
export interface TimeSource {
  time(): Promise<readonly (number | string)[]>;
}

/** Milliseconds: clocks that are kept do not differ by more. */
const WRONG = 1000;

export class ServerClock {
  #offset = 0;
  #uncertainty = Infinity;

  /** Milliseconds since 1970. Before the first `sync` it is this machine's. */
  now(): number {
    return Date.now() + this.#offset;
  }

  /** Lines for an operator. Limits of jobs are on this clock; BullMQ's delays, by which unknown jobs are handed on, are on each worker's own clock. */
  complaints(): string[] {
    if (Math.abs(this.#offset) <= WRONG) return [];
    const how = `${(Math.abs(this.#offset) / 1000).toFixed(1)} s ${this.#offset < 0 ? 'ahead of' : 'behind'}`;
    return [
      `this machine’s clock is ${how} the server’s: while a deploy is under way, jobs may not get from the workers of one build to those of the other in time`,
    ];
  }

  /** Asks the server once. The better of two answers is kept: the one that came quicker. */
  async sync(server: TimeSource): Promise<void> {
    const before = Date.now();
    const started = performance.now();
    const [seconds, microseconds] = await server.time();
    const took = performance.now() - started;
    this.#uncertainty *= 1.5; // clocks drift: an old answer is worth less and less
    if (took > this.#uncertainty) return;
    this.#uncertainty = took;
    this.#offset = Number(seconds) * 1000 + Number(microseconds) / 1000 - (before + took / 2);
  }
}
