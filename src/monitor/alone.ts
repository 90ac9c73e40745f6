/**
 * A watch without a watchdog: no thread may be started here, or none survives. The watched thread looks back at its own gaps
 * afterwards, so the time that a block took is as exact as ever and its cause is known as far as the system and the collector
 * tell; where the thread was, nobody saw, and nothing is said while it is still blocked.
 */
import { threadId } from 'node:worker_threads';
import type { SlowReport } from '../base/slow-report.ts';
import { InvalidStateError } from '../base/errors.ts';
import type { Heartbeat } from './heartbeat.ts';
import { clock } from './hub.ts';
import { Recorder } from './recorder.ts';
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
  #recorder: Recorder | null = null;
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
    const { threshold, heartbeat, mode, log, report } = this.#settings;
    const teller = new Teller({ log, presenter, clock, send: this.#send });
    const threadTime = (): ReturnType<ThreadClock['read']> => this.#threadClock.read();
    const recording = { mode, threshold, heartbeat, thread: threadId, report, command: process.argv.slice(1, 2) };
    this.#recorder = new Recorder(this.#beats, teller, { ...recording, presenter, clock, threadTime });
    const env = {
      clock,
      link: null,
      pending: new Int32Array(1),
      threadTime,
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
    if (this.#ended) return;
    this.#watchdog?.look();
    this.#recorder?.tick('never'); // making the page here would block the loop; nothing is told in the midst of a block
  }

  /** The process had been stopped, and goes on. */
  readonly #continued = (): void => this.#watchdog?.stoodStill();

  executors(at: number, executors: Readonly<Record<string, object>>): void {
    if (!this.#ended) this.#recorder?.executors(at, executors);
  }

  /** The page of what was recorded; also after `stop`. Made in this thread, for want of another. */
  async page(): Promise<string> {
    await this.ready;
    if (this.#recorder === null) throw new InvalidStateError('The lag monitor was stopped before it had begun: there is nothing to report');
    return this.#recorder.page();
  }

  /** Tells what is known so far. */
  stop(): void {
    if (this.#ended) return;
    this.#watchdog?.stop();
    this.#recorder?.end();
    this.#ended = true;
    this.#threadClock.close();
    process.off('SIGCONT', this.#continued);
  }
}

async function words(): Promise<Presenter> {
  return (await import('../../workers/words.ts')).words;
}
