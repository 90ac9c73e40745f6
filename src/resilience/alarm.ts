/** One timer that its owner sets, moves and clears, so that it is armed only while there is something to wake up for. */
import type { TimerClock } from '../base/clock.ts';
import type { Timed } from '../base/timers.ts';

export class Alarm implements Timed {
  order = -1;
  when: number = Infinity;
  readonly #ring: () => void;
  /** Null when nothing is armed. */
  #clock: TimerClock | null = null;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Rings at `when`, and no more at the time it was set to before. One that is not `awaited` by anybody keeps no process alive. */
  set(clock: TimerClock, when: number, awaited: boolean): void {
    if (this.#clock === clock && this.when === when) return;
    this.clear();
    this.when = when;
    this.#clock = clock;
    clock.arm(this);
    if (!awaited) clock.setRef?.(this, false);
  }

  clear(): void {
    this.#clock?.disarm(this);
    this.#clock = null;
  }

  fire(): void {
    this.#clock = null;
    this.#ring();
  }
}
