/** A queue whose smallest item comes out first. */
import { checkFunction, outOfRange, wrongType } from '../base/validate.ts';
import { Queue } from './queue.ts';
import type { ItemStore } from './queue.ts';

type Compare<T> = (a: T, b: T) => number;

interface Entry<T> {
  readonly item: T;
  readonly order: number;
}

/**
 * A binary heap that keeps equal items in order of insertion. It first finds where an item belongs, then moves it: a
 * comparison that throws changes nothing.
 */
class StableHeap<T> implements ItemStore<T> {
  #entries: Entry<T>[] = [];
  #order = 0;
  readonly #compare: Compare<T>;

  constructor(compare: Compare<T>) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#entries.length;
  }

  push(item: T): void {
    const entry = { item, order: this.#order++ };
    const end = this.#entries.length;
    let place = end;
    while (place > 0 && this.#before(entry, this.#at(above(place)))) place = above(place);
    for (let i = end; i > place; i = above(i)) this.#entries[i] = this.#at(above(i));
    this.#entries[place] = entry;
  }

  /** The last entry sinks from the top to its place, and pushes what stands on its way up by one, the top one out. */
  shift(): T {
    const last = this.#at(this.#entries.length - 1);
    let i = this.#placeFor(last);
    this.#entries.pop();
    let out = last;
    for (; i >= 0 && this.#entries.length > 0; i = above(i)) [this.#entries[i], out] = [out, this.#at(i)];
    return out.item;
  }

  #placeFor(last: Entry<T>): number {
    const end = this.#entries.length - 1; // without the last one itself
    let place = 0;
    for (let child = 1; child < end; child = 2 * place + 1) {
      if (child + 1 < end && this.#before(this.#at(child + 1), this.#at(child))) child++;
      if (!this.#before(this.#at(child), last)) break;
      place = child;
    }
    return place;
  }

  #before(a: Entry<T>, b: Entry<T>): boolean {
    const c = this.#compare(a.item, b.item);
    return c < 0 || (!(c > 0) && a.order < b.order);
  }

  #at(i: number): Entry<T> {
    return this.#entries[i] as Entry<T>;
  }

  clear(): void {
    this.#entries = [];
  }
}

/** The parent in the heap; -1 above the top. */
function above(i: number): number {
  return i === 0 ? -1 : (i - 1) >> 1;
}

type Rank = number | bigint | string | Date;

/** An array ranks by its first element, so that `[priority, payload]` never compares payloads. */
function rankOf(item: unknown): unknown {
  return Array.isArray(item) ? (item as unknown[])[0] : item;
}

function smallerFirst(a: unknown, b: unknown): number {
  const [x, y] = [rankOf(a) as Rank, rankOf(b) as Rank];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** What `<` puts in no order would come out in no order, without a word. */
function checkRank(item: unknown): void {
  const rank = rankOf(item);
  const what = 'a number, bigint, string or Date, or an array that begins with one (for other items pass `compare`)';
  const ranked = ['number', 'bigint', 'string'].includes(typeof rank) || rank instanceof Date;
  if (!ranked) throw wrongType('item', what, item);
  if (Number.isNaN(rank instanceof Date ? rank.getTime() : rank)) throw outOfRange('item', what, item);
}

/**
 * A queue whose smallest item comes out first; equal ones in the order in which they were put. Without `compare`, items are
 * numbers, bigints, strings or dates, or arrays that begin with one: `[priority, payload]`.
 */
export class PriorityQueue<T> extends Queue<T> {
  readonly #check: (item: T) => void;

  constructor(maxSize?: number, compare?: Compare<T>) {
    if (compare !== undefined) checkFunction('compare', compare);
    super(maxSize, new StableHeap<T>(compare ?? smallerFirst));
    this.#check = compare === undefined ? checkRank : () => {};
  }

  override async put(item: T): Promise<void> {
    this.#check(item);
    return super.put(item);
  }

  override putNowait(item: T): void {
    this.#check(item);
    super.putNowait(item);
  }
}
