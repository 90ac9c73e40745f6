/** The server's clock, as well as it can be known here: machines disagree about the time, so limits that travel are on this one. */
export interface TimeSource {
  time(): Promise<readonly (number | string)[]>;
}

export class ServerClock {
  #offset = 0;
  #uncertainty = Infinity;

  /** Milliseconds since 1970. Before the first `sync` it is this machine's. */
  now(): number {
    return Date.now() + this.#offset;
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
