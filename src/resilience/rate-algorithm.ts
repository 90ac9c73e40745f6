/** What a rate limiter asks of its algorithm. Times are points on the limiter's clock, weights are whole numbers. */
export interface RateAlgorithm {
  /** The greatest weight that is ever admitted at once. */
  readonly capacity: number;
  /** When `weight` should be asked for (again): no later than `now` exactly when it may be taken now. */
  readyAt(weight: number, now: number): number;
  /** Takes `weight`. The caller has asked `readyAt`. */
  take(weight: number, now: number): void;
  /** The greatest weight that could be taken now. */
  available(now: number): number;
}
