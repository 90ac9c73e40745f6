import { actor } from 'offloop';

export const Db = actor(
  import.meta,
  class Db {
    readonly #rows = new Map<string, number>();
    readonly name: string;

    constructor(name: string) {
      this.name = name;
    }

    put(key: string, value: number): void {
      if (Number.isNaN(value)) throw new RangeError(`${key} is not a number`);
      this.#rows.set(key, value);
    }

    get size(): number {
      return this.#rows.size;
    }

    async *scan(): AsyncGenerator<[string, number]> {
      for (const row of this.#rows) yield row;
    }

    [Symbol.dispose](): void {
      console.log(`${this.name} closed with ${this.#rows.size} rows`);
    }
  },
);
