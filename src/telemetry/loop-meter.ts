/**
 * How the loop was since somebody asked last. Whoever collects figures asks again and again, and wants to know of the time in
 * between: figures since the start of the process would hide a bad minute behind a good week.
 */
import { Measurement } from '../monitor/measurement.ts';
import type { Measured } from '../monitor/measurement.ts';

export class LoopMeter implements Disposable {
  #measurement: Measurement = new Measurement();

  /** Since the last call, or since it was made. Milliseconds. */
  read(): Pick<Measured, 'delay' | 'utilization'> {
    const { delay, utilization } = this.#measurement.snapshot();
    this.#measurement.end();
    this.#measurement = new Measurement();
    return { delay, utilization };
  }

  [Symbol.dispose](): void {
    this.#measurement.end();
  }
}
