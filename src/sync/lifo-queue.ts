/** A queue whose newest item comes out first. */
import { Queue } from './queue.ts';
import type { ItemStore } from './queue.ts';

class Stack<T> implements ItemStore<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T {
    return this.#items.pop() as T;
  }

  clear(): void {
    this.#items.length = 0;
  }
}

/** A queue whose newest item comes out first. */
export class LifoQueue<T> extends Queue<T> {
  constructor(maxSize?: number) {
    super(maxSize, new Stack<T>());
  }
}
