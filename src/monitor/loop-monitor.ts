/** The lag monitor as users see it: figures about the loop, and a report about each block of it. */
import { InvalidStateError } from '../base/errors.ts';
import { register, unregister } from '../base/live.ts';
import { Measurement } from './measurement.ts';
import type { Measured } from './measurement.ts';
import { resolveSettings } from './settings.ts';
import type { Settings } from './settings.ts';
import type { MonitorOptions, SlowReport } from '../base/slow-report.ts';
import { snapshotText } from './snapshot-text.ts';
import { Watch } from './watch.ts';

/** What the loop suffered since `start()`. Milliseconds. */
export interface LagSnapshot extends Measured {
  /** Blocks seen so far. */
  blocks: number;
  /** The latest reports, oldest first; `keep` of them. */
  slow: readonly SlowReport[];
}

export class LoopMonitor implements Disposable {
  readonly #settings: Settings;
  #measurement: Measurement | null = null;
  /** The latest, also when it is over: it can still tell what it saw. */
  #watch: Watch | null = null;
  #slow: SlowReport[] = [];
  #blocks = 0;
  /** A broken `onSlow` is told of once. */
  #complained = false;
  #last: LagSnapshot | null = null;
  /** For `offloop top`, which may ask in the midst of a block: no reports are delivered there, they would run users' code. */
  readonly #live = { statistics: (): LagSnapshot => this.#toSnapshot(this.#measurement!.snapshot(this.#watch!.late)) };

  constructor(options?: MonitorOptions) {
    this.#settings = resolveSettings(options);
  }

  /** Starts afresh. Does not keep the process alive. */
  start(): this {
    if (this.#measurement !== null) throw new InvalidStateError('This monitor runs already: stop() it first');
    this.#slow = [];
    this.#blocks = 0;
    const measurement = new Measurement();
    this.#measurement = measurement;
    this.#watch = new Watch(
      this.#settings,
      (report) => this.#hear(report),
      (late) => measurement.beat(late),
    );
    register('monitor', this.#settings.mode, this.#live);
    return this;
  }

  #hear(report: SlowReport): void {
    this.#blocks++;
    const { keep, onSlow } = this.#settings;
    this.#slow.push(report);
    if (this.#slow.length > keep) this.#slow.shift();
    try {
      onSlow?.(report);
    } catch (error) {
      if (this.#complained) return;
      this.#complained = true;
      process.emitWarning(`options.onSlow of a LoopMonitor threw: ${String(error)}`, { type: 'OffloopWarning', code: 'OFFLOOP_MONITOR' });
    }
  }

  /** Stops; `snapshot()` keeps giving the final figures. */
  stop(): void {
    if (this.#measurement === null) return;
    const measured = this.#measurement.snapshot(this.#watch!.late);
    unregister('monitor', this.#live);
    this.#measurement.end();
    this.#measurement = null;
    this.#watch?.stop(); // its last reports count
    this.#last = this.#toSnapshot(measured);
  }

  snapshot(): LagSnapshot {
    this.#watch?.drain();
    const snapshot = this.#measurement === null ? this.#last : this.#toSnapshot(this.#measurement.snapshot(this.#watch!.late));
    if (snapshot === null) throw new InvalidStateError('This monitor has not been started');
    return snapshot;
  }

  #toSnapshot(measured: Measured): LagSnapshot {
    return Object.freeze({ ...measured, blocks: this.#blocks, slow: Object.freeze([...this.#slow]) });
  }

  /** The snapshot in a few lines. */
  text(): string {
    return snapshotText(this.snapshot());
  }

  /**
   * What the monitor has seen since `start()`, as one self-contained HTML page; also after `stop()`. It is made in the watchdog's
   * thread where there is one, so that it blocks nothing.
   *
   * - Waits for: the watchdog, which reads the sources of the lines that blocked.
   * - On cancel: nothing; it is no checkpoint.
   * - Order: first asked, first answered.
   * - Throws: InvalidStateError before the first `start()`, and when the watchdog was lost together with what it knew.
   */
  async html(): Promise<string> {
    if (this.#watch === null) throw new InvalidStateError('This monitor has not been started');
    return this.#watch.page();
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}
