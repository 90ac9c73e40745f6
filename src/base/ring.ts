/** A growing ring buffer: FIFO with O(1) at both ends, no holes kept alive. */
export class Ring<T> {
  #items: (T | undefined)[] = new Array<T | undefined>(8);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The oldest, still in. */
  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#size++) & (this.#items.length - 1)] = item;
  }

  /** Takes the oldest; the caller has checked that there is one. */
  shift(): T {
    const item = this.#items[this.#head] as T;
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    if (--this.#size === 0 && this.#items.length > 1024) this.clear();
    return item;
  }

  clear(): void {
    this.#items = new Array<T | undefined>(8);
    this.#head = this.#size = 0;
  }

  #grow(): void {
    const old = this.#items;
    const mask = old.length - 1;
    this.#items = new Array<T | undefined>(old.length * 2);
    for (let i = 0; i < this.#size; i++) this.#items[i] = old[(this.#head + i) & mask];
    this.#head = 0;
  }
}
