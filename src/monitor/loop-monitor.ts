/** The lag monitor as users see it: figures about the loop, and a report about each block of it. */
import { InvalidStateError } from '../base/errors.ts';
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
  #watch: Watch | null = null;
  #slow: SlowReport[] = [];
  #blocks = 0;
  /** A broken `onSlow` is told of once. */
  #complained = false;
  #last: LagSnapshot | null = null;

  constructor(options?: MonitorOptions) {
    this.#settings = resolveSettings(options);
    if (this.#settings.report !== undefined) throw noHtml();
  }

  /** Starts afresh. Does not keep the process alive. */
  start(): this {
    if (this.#measurement !== null) throw new InvalidStateError('This monitor runs already: stop() it first');
    this.#slow = [];
    this.#blocks = 0;
    const measurement = new Measurement(this.#settings.heartbeat);
    this.#measurement = measurement;
    this.#watch = new Watch(
      this.#settings,
      (report) => this.#hear(report),
      (late, due) => measurement.beat(late, due),
    );
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
    const measured = this.#measurement.snapshot();
    this.#measurement.end();
    this.#measurement = null;
    this.#watch?.stop(); // its last reports count
    this.#watch = null;
    this.#last = this.#toSnapshot(measured);
  }

  snapshot(): LagSnapshot {
    this.#watch?.drain();
    const snapshot = this.#measurement === null ? this.#last : this.#toSnapshot(this.#measurement.snapshot());
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

  /** The snapshot as one self-contained HTML page. */
  html(): Promise<string> {
    return Promise.reject(noHtml());
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

function noHtml(): InvalidStateError {
  return new InvalidStateError('The HTML report is not part of this version yet: use text(), or the option log');
}
