/** One watch over this thread, from start to stop: heartbeat, shims, watchdog, and who is told. */
import { channel } from 'node:diagnostics_channel';
import { abilities, mayWrite } from './abilities.ts';
import { Alone } from './alone.ts';
import { Beater } from './beater.ts';
import { Heartbeat } from './heartbeat.ts';
import { InvalidStateError } from '../base/errors.ts';
import { onUnregister, statisticsOf } from '../base/live.ts';
import { followLoops } from '../base/worker-loops.ts';
import { ASK, hub } from './hub.ts';
import { onIgnore } from './ignore-blocks.ts';
import type { Settings } from './settings.ts';
import { installShims } from './shims.ts';
import type { SlowReport } from '../base/slow-report.ts';
import { printToStderr } from './teller.ts';
import { WatchdogHost } from './watchdog-host.ts';
import { answerByInspector, evaluateInThread } from './worker-link.ts';

const slow = channel('offloop:block');
/** Milliseconds the end of the process, or `stop()`, may wait for the watchdog; usually 0.1. */
const AT_EXIT = 6;
const AT_STOP = 20;
/** With a report to write, both wait for that: usually some 50 ms. */
const FOR_REPORT = 5000;
/** From one look at the executors to the next. */
const EXECUTORS = 1000;

export class Watch {
  readonly #beats = new Heartbeat();
  readonly #beater: Beater;
  readonly #host: WatchdogHost | null;
  #alone: Alone | null = null;
  readonly #reports: boolean;
  #ended = false;
  #lookedAt = 0;
  readonly #undo: (() => void)[] = [];
  readonly #told: (report: SlowReport) => void;

  /** `told` hears of each block, `heard` of each beat. */
  constructor(wanted: Settings, told: (report: SlowReport) => void, heard?: (late: number) => void) {
    const settings = withoutForbidden(wanted);
    this.#told = told;
    this.#reports = settings.report !== undefined;
    const can = abilities();
    if (can.reason !== null) warn(can.reason);
    const profiled = settings.profile !== false && can.inspect && can.worker;
    this.#beater = new Beater(this.#beats, { ...settings, profiled }, (late) => {
      this.#alone?.beat();
      heard?.(late);
      if (performance.now() - this.#lookedAt >= EXECUTORS) this.#noteExecutors();
    });
    this.#undo.push(onIgnore((on) => (this.#beats.ignoring = on)));
    if (can.inspect) this.#undo.push(installShims(), answerByInspector());
    const events = {
      report: (report: SlowReport) => this.#report(report),
      ask: (thread: number) => evaluateInThread(thread, ASK),
      lost: (why: string) => {
        warn(`its watchdog failed twice: ${why}`);
        this.#alone ??= new Alone(settings, this.#beats, events.report);
      },
    };
    this.#host = can.worker ? new WatchdogHost(settings, this.#beats, can.inspect, events) : null;
    if (!can.worker) this.#alone = new Alone(settings, this.#beats, events.report);
    if (this.#host !== null) this.#undo.push(follow(this.#host, settings));
    this.#undo.push(onUnregister((kind) => kind === 'executor' && this.#noteExecutors()));
    const exit = (): void => this.#end(AT_EXIT, true);
    process.on('exit', exit);
    this.#undo.push(() => process.off('exit', exit));
    this.#beats.preloaded = hub().preloaded === true;
    this.#beater.restart();
  }

  /** The watchdog is watching. */
  get ready(): Promise<void> {
    return this.#alone?.ready ?? this.#host?.ready ?? Promise.resolve();
  }

  /** By how many milliseconds the loop is late already; 0 while it is on time. */
  get late(): number {
    return this.#beater.late;
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
    this.#end(patience, false);
  }

  /** What the executors of this thread had to do so far; each is also asked when it is shut down. */
  #noteExecutors(): void {
    this.#lookedAt = performance.now();
    const executors = statisticsOf('executor');
    if (Object.keys(executors).length === 0) return;
    this.#host?.executors(Date.now(), executors);
    this.#alone?.executors(Date.now(), executors);
  }

  /** The page of what this watch has seen; also when it is over. */
  async page(): Promise<string> {
    if (!this.#ended) this.#noteExecutors();
    if (this.#alone !== null) return this.#alone.page();
    if (!this.#ended) return this.#host!.page();
    const log = await this.#host!.log();
    if (log === null) throw new InvalidStateError('The lag monitor has lost its watchdog, and its records with it');
    const { words } = await import('../../workers/words.ts');
    return words.page(log);
  }

  #end(patience: number, exiting: boolean): void {
    if (this.#ended) return;
    this.#beater.beat(); // what blocks just now ends here
    this.#beater.end();
    this.#noteExecutors();
    this.#ended = true;
    this.#host?.stop(this.#reports ? FOR_REPORT : patience, exiting);
    this.#alone?.stop();
    for (const undo of this.#undo.splice(0)) undo();
  }
}

function follow(host: WatchdogHost, { threshold, heartbeat }: Settings): () => void {
  return followLoops(
    { threshold, heartbeat },
    { joined: (thread, beats) => host.follow(thread, beats), left: (thread) => host.unfollow(thread) },
  );
}

function withoutForbidden(settings: Settings): Settings {
  const { report } = settings;
  if (report === undefined || mayWrite(report)) return settings;
  printToStderr(`offloop: no report (option report) at ${report}: the permission model allows no writing there (--allow-fs-write)\n`);
  return { ...settings, report: undefined };
}

const warned = new Set<string>();

/** A monitor never harms: it says once what it cannot do, and does the rest. */
function warn(reason: string): void {
  if (warned.has(reason)) return;
  warned.add(reason);
  process.emitWarning(`The lag monitor cannot tell which line blocks: ${reason}`, { type: 'OffloopWarning', code: 'OFFLOOP_MONITOR' });
}
