/**
 * The one waiter queue under every primitive: fairness and cancellation are written once and tested once.
 *
 * A waiter is linked twice: in its scope's list (so that a cancel finds it) and in the queue of what it waits for (so that a
 * release finds it). Strict FIFO, direct hand-off: whoever is granted was taken out of both lists first, so a grant is never
 * taken back, and a cancelled wait never happened. (Compare trio's ParkingLot and tokio's batch_semaphore.)
 */
import type { CancelledError } from '../base/errors.ts';
import { here, ScopeMember } from './scope.ts';
import type { Scope } from './scope.ts';

export class Waiter<T = unknown, V = unknown> extends ScopeMember {
  queue: WaitQueue<T, V> | null = null;
  ahead: Waiter<T, V> | null = null;
  behind: Waiter<T, V> | null = null;
  /** What a blocked producer carries, e.g. the item of a `put`. */
  readonly carried: V;
  resolve!: (value: T) => void;
  reject!: (error: unknown) => void;

  constructor(carried: V) {
    super();
    this.carried = carried;
  }

  override get waitingOn(): string {
    return this.queue?.label ?? 'a promise';
  }

  /** Ends the wait with a value. Cancellation that comes later arrives at the next checkpoint. */
  grant(value: T): void {
    this.holder?.unlink(this);
    this.resolve(value);
  }

  /** Ends the wait with an error. */
  refuse(error: unknown): void {
    this.holder?.unlink(this);
    this.reject(error);
  }

  override onCancel(error: CancelledError): void {
    this.queue?.remove(this);
    this.reject(error);
  }
}

export class WaitQueue<T = unknown, V = unknown> {
  #first: Waiter<T, V> | null = null;
  #last: Waiter<T, V> | null = null;
  #size = 0;
  /** What a waiter here waits for, as shown to people: `Queue.get`. */
  readonly label: string;
  /** What the line stands at: the lock, the deferred. */
  readonly at: object | null;

  constructor(label: string = 'a waiter queue', at: object | null = null) {
    this.label = label;
    this.at = at;
  }

  get size(): number {
    return this.#size;
  }

  /** Whoever waits longest, still in line. */
  get first(): Waiter<T, V> | null {
    return this.#first;
  }

  push(waiter: Waiter<T, V>): void {
    const last = this.#last;
    waiter.queue = this;
    waiter.ahead = last;
    if (last === null) this.#first = waiter;
    else last.behind = waiter;
    this.#last = waiter;
    this.#size++;
  }

  remove(waiter: Waiter<T, V>): void {
    if (waiter.queue !== this) return;
    const { ahead, behind } = waiter;
    if (ahead === null) this.#first = behind;
    else ahead.behind = behind;
    if (behind === null) this.#last = ahead;
    else behind.ahead = ahead;
    waiter.ahead = waiter.behind = waiter.queue = null;
    this.#size--;
  }

  /** Takes out whoever waits longest. */
  shift(): Waiter<T, V> | null {
    const first = this.#first;
    if (first !== null) this.remove(first);
    return first;
  }

  /** Refuses whoever matches, e.g. all who wait on a handle that was closed. */
  refuseWhere(matches: (carried: V) => boolean, error: () => Error): void {
    let w = this.#first;
    while (w !== null) {
      const next = w.behind;
      if (matches(w.carried)) {
        this.remove(w);
        w.refuse(error());
      }
      w = next;
    }
  }

  /** Parks the caller out of reach of any cancellation: only a grant or refusal ends it. */
  parkUnlinked(carried: V): Promise<T> {
    return this.#enlist(new Waiter<T, V>(carried));
  }

  /** Parks the caller at the end of the line until it is granted, refused or cancelled. The caller has checked for cancellation. */
  park(scope: Scope, carried: V): Promise<T> {
    const waiter = new Waiter<T, V>(carried);
    const promise = this.#enlist(waiter);
    scope.link(waiter); // last: whoever watches sees a complete waiter
    return promise;
  }

  #enlist(waiter: Waiter<T, V>): Promise<T> {
    this.push(waiter);
    return new Promise<T>((resolve, reject) => {
      waiter.resolve = resolve;
      waiter.reject = reject;
    });
  }
}

/** Waits in `queue`: a checkpoint first, then parked. */
export function parkIn<T, V>(queue: WaitQueue<T, V>, carried: V): Promise<T> {
  const scope = here();
  return scope.effective === null ? queue.park(scope, carried) : Promise.reject(scope.interrupt());
}
