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

export class TimerQueue {
  // Three columns of one heap. Deadline and order are kept as they were at arming: an entry that was removed, and perhaps armed
  // again for another time, leaves a dead slot behind, which must not change its place meanwhile.
  #heap: Timed[] = [];
  #whens: number[] = [];
  #orders: number[] = []; // an entry whose own order differs was removed (or armed again) since
  #seq = 0;
  #live = 0;

  get live(): number {
    return this.#live;
  }

  /** How often something was armed so far. */
  get armed(): number {
    return this.#seq;
  }

  /** Arms an entry that is not armed. What is due at Infinity never fires, and is not kept. */
  add(entry: Timed): void {
    if (entry.when === Infinity) return;
    entry.order = ++this.#seq;
    this.#live++;
    this.#heap.push(entry);
    this.#whens.push(entry.when);
    this.#orders.push(entry.order);
    this.#up(this.#heap.length - 1);
  }

  remove(entry: Timed): void {
    if (entry.order === -1) return;
    entry.order = -1;
    this.#live--;
    const size = this.#heap.length;
    if (this.#live === 0) this.#truncate(0);
    else if (size > 64 && this.#live * 2 < size) this.#rebuild();
  }

  /** The earliest deadline; Infinity when nothing is armed. */
  nextDeadline(): number {
    this.#dropDead();
    return this.#whens.length === 0 ? Infinity : (this.#whens[0] as number);
  }

  /** Takes out the next entry that is due at `now`, if any; with `armed`, not one that was armed after that many others. */
  takeDue(now: number, armed: number = Infinity): Timed | null {
    this.#dropDead();
    const top = this.#heap[0];
    if (top === undefined || (this.#whens[0] as number) > now || top.order > armed) return null;
    top.order = -1;
    this.#live--;
    this.#pop();
    return top;
  }

  #dropDead(): void {
    while (this.#heap.length > 0 && (this.#heap[0] as Timed).order !== this.#orders[0]) this.#pop();
  }

  #pop(): void {
    const last = this.#heap.length - 1;
    if (last > 0) this.#swap(0, last);
    this.#truncate(last);
    this.#down(0);
  }

  #truncate(size: number): void {
    this.#heap.length = this.#whens.length = this.#orders.length = size;
  }

  #rebuild(): void {
    const size = this.#heap.length;
    let n = 0;
    for (let i = 0; i < size; i++) {
      if ((this.#heap[i] as Timed).order === this.#orders[i]) this.#swap(i, n++);
    }
    this.#truncate(n);
    for (let i = (n >> 1) - 1; i >= 0; i--) this.#down(i);
  }

  #up(start: number): void {
    let i = start;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#earlier(i, parent)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #down(start: number): void {
    const n = this.#heap.length;
    let i = start;
    for (;;) {
      const l = 2 * i + 1;
      if (l >= n) return;
      const r = l + 1;
      const c = r < n && this.#earlier(r, l) ? r : l;
      if (!this.#earlier(c, i)) return;
      this.#swap(i, c);
      i = c;
    }
  }

  #earlier(i: number, j: number): boolean {
    const a = this.#whens[i] as number;
    const b = this.#whens[j] as number;
    return a < b || (a === b && (this.#orders[i] as number) < (this.#orders[j] as number));
  }

  #swap(i: number, j: number): void {
    if (i === j) return;
    const entry = this.#heap[i] as Timed;
    this.#heap[i] = this.#heap[j] as Timed;
    this.#heap[j] = entry;
    swapNumbers(this.#whens, i, j);
    swapNumbers(this.#orders, i, j);
  }
}

function swapNumbers(column: number[], i: number, j: number): void {
  const x = column[i] as number;
  column[i] = column[j] as number;
  column[j] = x;
}
