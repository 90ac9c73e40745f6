/** One watch over this thread, from start to stop: heartbeat, shims, watchdog, and who is told. */
import { channel } from 'node:diagnostics_channel';
import { abilities } from './abilities.ts';
import { Alone } from './alone.ts';
import { Beater } from './beater.ts';
import type { BeatListener } from './beater.ts';
import { Heartbeat } from './heartbeat.ts';
import { onIgnore } from './ignore-blocks.ts';
import type { Settings } from './settings.ts';
import { installShims } from './shims.ts';
import type { SlowReport } from '../base/slow-report.ts';
import { WatchdogHost } from './watchdog-host.ts';
import { answerByInspector } from './worker-link.ts';

const slow = channel('offloop:block');
/** Milliseconds the end of the process, or `stop()`, may wait for the watchdog; usually 0.1. */
const AT_EXIT = 6;
const AT_STOP = 20;

export class Watch {
  readonly #beats = new Heartbeat();
  readonly #beater: Beater;
  readonly #host: WatchdogHost | null;
  #alone: Alone | null = null;
  readonly #undo: (() => void)[] = [];
  readonly #told: (report: SlowReport) => void;

  /** `told` hears of each block, `heard` of each beat. */
  constructor(settings: Settings, told: (report: SlowReport) => void, heard?: BeatListener) {
    this.#told = told;
    const can = abilities();
    if (can.reason !== null) warn(can.reason);
    this.#beater = new Beater(this.#beats, settings, (late, due) => {
      this.#alone?.beat();
      heard?.(late, due);
    });
    this.#undo.push(onIgnore((on) => (this.#beats.ignoring = on)));
    if (can.inspect) this.#undo.push(installShims(), answerByInspector());
    const events = {
      report: (report: SlowReport) => this.#report(report),
      lost: (why: string) => {
        warn(`its watchdog failed twice: ${why}`);
        this.#alone ??= new Alone(settings, this.#beats, events.report);
      },
    };
    this.#host = can.worker ? new WatchdogHost(settings, this.#beats, can.inspect, events) : null;
    if (!can.worker) this.#alone = new Alone(settings, this.#beats, events.report);
    const exit = (): void => this.#end(AT_EXIT);
    process.on('exit', exit);
    this.#undo.push(() => process.off('exit', exit));
  }

  /** The watchdog is watching. */
  get ready(): Promise<void> {
    return this.#alone?.ready ?? this.#host?.ready ?? Promise.resolve();
  }

  #report(report: SlowReport): void {
    this.#told(report);
    if (slow.hasSubscribers) slow.publish(report);
  }

  /** Reports that are there, at once. */
  drain(): void {
    this.#host?.drain();
  }

  /** Waits at most so many milliseconds for what the watchdog still has to tell. */
  stop(patience: number = AT_STOP): void {
    this.#end(patience);
  }

  #end(patience: number): void {
    this.#beater.beat(); // what blocks just now ends here
    this.#beater.end();
    this.#host?.stop(patience);
    this.#alone?.stop();
    this.#alone = null;
    for (const undo of this.#undo.splice(0)) undo();
  }
}

const warned = new Set<string>();

/** A monitor never harms: it says once what it cannot do, and does the rest. */
function warn(reason: string): void {
  if (warned.has(reason)) return;
  warned.add(reason);
  process.emitWarning(`The lag monitor cannot tell which line blocks: ${reason}`, { type: 'OffloopWarning', code: 'OFFLOOP_MONITOR' });
}
