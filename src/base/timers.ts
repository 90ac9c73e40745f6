/**
 * The timer queue under every clock: a binary heap ordered by deadline, then by order of arming, so that equal deadlines
 * fire in scheduling order (Node's own timers are grouped by duration and do not promise that).
 *
 * Removal is lazy: a removed entry is only marked, and the heap is rebuilt when more than half of it is dead. That makes
 * cancelling 10,000 sleepers cost 10,000 stores instead of 10,000 sifts, and bounds the garbage by the living.
 */

/** Something that waits for a point in time. The fields belong to the queue; implementers only initialise them. */
export interface Timed {
  when: number;
  /** Position in scheduling order; -1 = not armed. */
  order: number;
  fire(): void;
}

const earlier = (a: Timed, b: Timed, orders: number[], i: number, j: number): boolean =>
  a.when < b.when || (a.when === b.when && (orders[i] as number) < (orders[j] as number));

export class TimerQueue {
  #heap: Timed[] = [];
  #orders: number[] = []; // order at arming; an entry whose own order differs was removed (or armed again) since
  #seq = 0;
  #live = 0;

  get live(): number {
    return this.#live;
  }

  add(entry: Timed): void {
    entry.order = ++this.#seq;
    this.#live++;
    this.#heap.push(entry);
    this.#orders.push(entry.order);
    this.#up(this.#heap.length - 1);
  }

  remove(entry: Timed): void {
    if (entry.order === -1) return;
    entry.order = -1;
    this.#live--;
    const size = this.#heap.length;
    if (this.#live === 0) this.#heap.length = this.#orders.length = 0;
    else if (size > 64 && this.#live * 2 < size) this.#rebuild();
  }

  /** The earliest deadline; Infinity when nothing is armed. */
  nextDeadline(): number {
    this.#dropDead();
    return this.#heap.length === 0 ? Infinity : (this.#heap[0] as Timed).when;
  }

  /** Takes out the next entry that is due at `now`, if any. */
  takeDue(now: number): Timed | null {
    this.#dropDead();
    const top = this.#heap[0];
    if (top === undefined || top.when > now) return null;
    top.order = -1;
    this.#live--;
    this.#pop();
    return top;
  }

  #dropDead(): void {
    while (this.#heap.length > 0 && (this.#heap[0] as Timed).order !== this.#orders[0]) this.#pop();
  }

  #pop(): void {
    const last = this.#heap.pop() as Timed;
    const order = this.#orders.pop() as number;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#orders[0] = order;
    this.#down(0);
  }

  #rebuild(): void {
    const heap = this.#heap;
    const orders = this.#orders;
    let n = 0;
    for (let i = 0; i < heap.length; i++) {
      const entry = heap[i] as Timed;
      if (entry.order !== orders[i]) continue;
      heap[n] = entry;
      orders[n++] = entry.order;
    }
    heap.length = orders.length = n;
    for (let i = (n >> 1) - 1; i >= 0; i--) this.#down(i);
  }

  #up(start: number): void {
    const heap = this.#heap;
    const orders = this.#orders;
    let i = start;
    while (i > 0) {
      const p = (i - 1) >> 1;
      if (!earlier(heap[i] as Timed, heap[p] as Timed, orders, i, p)) return;
      this.#swap(i, p);
      i = p;
    }
  }

  #down(start: number): void {
    const heap = this.#heap;
    const orders = this.#orders;
    const n = heap.length;
    let i = start;
    for (;;) {
      const l = 2 * i + 1;
      if (l >= n) return;
      const r = l + 1;
      const c = r < n && earlier(heap[r] as Timed, heap[l] as Timed, orders, r, l) ? r : l;
      if (!earlier(heap[c] as Timed, heap[i] as Timed, orders, c, i)) return;
      this.#swap(i, c);
      i = c;
    }
  }

  #swap(i: number, j: number): void {
    const entry = this.#heap[i] as Timed;
    this.#heap[i] = this.#heap[j] as Timed;
    this.#heap[j] = entry;
    const order = this.#orders[i] as number;
    this.#orders[i] = this.#orders[j] as number;
    this.#orders[j] = order;
  }
}
