/** The least code that does the job: what one would write by hand, without cancellation, order or errors. */

export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  #head = 0;

  constructor(free: number) {
    this.#free = free;
  }

  acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    const next = this.#waiting[this.#head];
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#head++;
    if (this.#head > 1024) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    next();
  }
}

export class Queue<T> {
  readonly #items: T[] = [];
  readonly #getters: ((item: T) => void)[] = [];

  put(item: T): Promise<void> {
    const getter = this.#getters.shift();
    if (getter === undefined) this.#items.push(item);
    else getter(item);
    return Promise.resolve();
  }

  get(): Promise<T> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift() as T);
    return new Promise((resolve) => this.#getters.push(resolve));
  }
}

export async function map<A, R>(items: readonly A[], fn: (a: A) => Promise<R>, limit: number): Promise<R[]> {
  const results = new Array<R>(items.length);
  let i = 0;
  const lane = async (): Promise<void> => {
    while (i < items.length) {
      const k = i++;
      results[k] = await fn(items[k] as A);
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  return results;
}

export async function timeout<T>(ms: number, fn: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error('timed out')), ms)));
  try {
    return await Promise.race([fn(), late]);
  } finally {
    clearTimeout(timer);
  }
}
