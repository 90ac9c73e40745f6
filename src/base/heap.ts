/** A binary heap of numbers, smallest first. */
export class MinHeap {
  readonly #items: number[] = [];

  get min(): number | undefined {
    return this.#items[0];
  }

  push(n: number): void {
    const a = this.#items;
    let i = a.push(n) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((a[parent] as number) <= n) break;
      a[i] = a[parent] as number;
      i = parent;
    }
    a[i] = n;
  }

  pop(): number | undefined {
    const a = this.#items;
    const top = a[0];
    const last = a.pop();
    if (a.length > 0) this.#sink(last as number);
    return top;
  }

  #sink(n: number): void {
    const a = this.#items;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= a.length) break;
      if (child + 1 < a.length && (a[child + 1] as number) < (a[child] as number)) child++;
      if ((a[child] as number) >= n) break;
      a[i] = a[child] as number;
      i = child;
    }
    a[i] = n;
  }
}
