/**
 * A line whose owner keeps a timer for those who stand in it, and so must hear when somebody leaves before being served: no
 * timer may outlive those it was for. Cancelling and expiring are O(1): a place is a link of the line, of its scope, and its own
 * timer entry.
 */
import type { TimerClock } from '../base/clock.ts';
import type { CancelledError } from '../base/errors.ts';
import type { Timed } from '../base/timers.ts';
import type { Scope } from '../core/scope.ts';
import { Waiter, WaitQueue } from '../core/waiter.ts';

/** How long somebody waits at most, and what to tell who has waited so long. */
export interface Patience {
  readonly deadline: number;
  exhausted(): Error;
}

class Place<T, V> extends Waiter<T, V> implements Timed {
  order = -1;
  readonly when: number;
  readonly clock: TimerClock;
  readonly #line: Line<T, V>;
  readonly #patience: Patience | undefined;

  constructor(line: Line<T, V>, carried: V, clock: TimerClock, patience: Patience | undefined) {
    super(carried);
    this.#line = line;
    this.clock = clock;
    this.#patience = patience;
    this.when = patience?.deadline ?? Infinity;
  }

  override grant(value: T): void {
    this.clock.disarm(this);
    super.grant(value);
  }

  override refuse(error: unknown): void {
    this.clock.disarm(this);
    super.refuse(error);
  }

  override onCancel(error: CancelledError): void {
    this.clock.disarm(this);
    super.onCancel(error);
    this.#line.left();
  }

  /** The deadline has passed. */
  fire(): void {
    this.#line.remove(this);
    super.refuse(this.#patience?.exhausted());
    this.#line.left();
  }
}

export class Line<T, V> extends WaitQueue<T, V> {
  /** Called when somebody was cancelled or has waited too long, and is gone. */
  readonly left: () => void;

  constructor(label: string, at: object, left: () => void) {
    super(label, at);
    this.left = left;
  }

  /** Parks the caller until it is granted, refused or cancelled, or its patience ends. The caller has checked for cancellation. */
  join(scope: Scope, carried: V, patience?: Patience): Promise<T> {
    const { clock } = scope.runtime;
    const place = new Place<T, V>(this, carried, clock, patience);
    this.push(place);
    const promise = new Promise<T>((resolve, reject) => {
      place.resolve = resolve;
      place.reject = reject;
    });
    scope.link(place);
    clock.arm(place); // last: a foreign clock may call back at once
    return promise;
  }

  /**
   * Whoever is to be served next. Null also when that one is just being cancelled: it hears of it in the same breath, leaves, and
   * `left` is called.
   */
  get next(): Waiter<T, V> | null {
    const { first } = this;
    return first?.holder?.effective === null ? first : null;
  }
}
