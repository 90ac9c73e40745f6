/**
 * A watch without a watchdog: no thread may be started here, or none survives. The watched thread looks back at its own gaps
 * afterwards, so the time that a block took is as exact as ever and its cause is known as far as the system and the collector
 * tell; where the thread was, nobody saw, and nothing is said while it is still blocked.
 */
import { threadId } from 'node:worker_threads';
import type { SlowReport } from '../base/slow-report.ts';
import type { Heartbeat } from './heartbeat.ts';
import { clock } from './hub.ts';
import type { Settings } from './settings.ts';
import { SourceMaps } from './source-maps.ts';
import { Teller } from './teller.ts';
import { ThreadClock } from './thread-clock.ts';
import type { Presenter } from './told.ts';
import { Watchdog } from './watchdog.ts';

export class Alone {
  /** It has its words, and looks. */
  readonly ready: Promise<void>;
  readonly #beats: Heartbeat;
  readonly #settings: Settings;
  readonly #send: (report: SlowReport) => void;
  readonly #threadClock = new ThreadClock();
  #watchdog: Watchdog | null = null;
  #gaps: number;
  #ended = false;

  constructor(settings: Settings, beats: Heartbeat, send: (report: SlowReport) => void, presenter: Promise<Presenter> = words()) {
    this.#settings = settings;
    this.#beats = beats;
    this.#send = send;
    this.#gaps = beats.gapCount;
    process.on('SIGCONT', this.#continued);
    this.ready = presenter.then((found) => this.#begin(found));
  }

  #begin(presenter: Presenter): void {
    if (this.#ended) return;
    const { threshold, heartbeat, mode, log } = this.#settings;
    const teller = new Teller({ log, presenter, clock, send: this.#send });
    const env = {
      clock,
      link: null,
      pending: new Int32Array(1),
      threadTime: () => this.#threadClock.read(),
      maps: new SourceMaps(),
      teller,
    };
    this.#watchdog = new Watchdog(this.#beats, { threshold, heartbeat, debug: mode === 'debug', thread: threadId, within: true }, env);
  }

  /** To be called after each beat. */
  beat(): void {
    const { gapCount } = this.#beats;
    // The signal that ends a stop is heard in the same turn of the loop, after the beat.
    if (gapCount === this.#gaps) this.#look();
    else setImmediate(() => this.#look());
    this.#gaps = gapCount;
  }

  #look(): void {
    if (!this.#ended) this.#watchdog?.look();
  }

  /** The process had been stopped, and goes on. */
  readonly #continued = (): void => this.#watchdog?.stoodStill();

  /** Tells what is known so far. */
  stop(): void {
    if (this.#ended) return;
    this.#watchdog?.stop();
    this.#ended = true;
    this.#threadClock.close();
    process.off('SIGCONT', this.#continued);
  }
}

async function words(): Promise<Presenter> {
  return (await import('../../workers/words.ts')).words;
}
