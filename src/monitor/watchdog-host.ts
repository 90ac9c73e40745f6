/** The watched thread's side of the watchdog: starts it, replaces it once, hears its reports, and lets it go in time. */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { InvalidStateError } from '../base/errors.ts';
import { bootstrapArgv, workerEntry } from '../base/worker-file.ts';
import type { Heartbeat } from './heartbeat.ts';
import { hub } from './hub.ts';
import type { Settings } from './settings.ts';
import type { SlowReport } from '../base/slow-report.ts';
import { printToStderr } from './teller.ts';
import type { FromWatchdog, ToWatchdog, WatchdogData } from './thread-protocol.ts';

export interface HostEvents {
  report(report: SlowReport): void;
  /** What the hub of that worker answers, and when it was asked. */
  ask?(thread: number): Promise<{ asked: number; value: string | null }>;
  /** The watchdog is gone, and no other will come. */
  lost(reason: string): void;
}

/** Milliseconds that a watchdog in the midst of something may take to come to its end. */
const AT_WORK = 1000;
/** And one that has to begin first. On an idle machine it is some 60. */
const AT_START = 5000;

type StartThread = (data: WatchdogData) => Worker;

function startThread(data: WatchdogData): Worker {
  return new Worker(workerEntry('watchdog'), {
    workerData: data,
    transferList: [data.port],
    name: 'offloop watchdog',
    // The program's flags and preloads are not meant for this thread: some of them would kill it.
    execArgv: bootstrapArgv(),
    env: { ...process.env, NODE_OPTIONS: '' },
    // It makes little garbage: room for 16 MB of it would only cost memory.
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
  });
}

export class WatchdogHost {
  readonly ready: Promise<void>;
  readonly #settings: Settings;
  readonly #beats: Heartbeat;
  readonly #inspect: boolean;
  readonly #events: HostEvents;
  readonly #startThread: StartThread;
  #port: MessagePort | null = null;
  #isReady = false;
  #gotReady!: () => void;
  #starts = 0;
  #stopped = false;
  /** Reports that come later than `stop` waits are not told any more. */
  #deaf = false;
  /** Workers to follow, by the number of their thread. */
  readonly #followed = new Map<number, SharedArrayBuffer>();
  /** Who waits for a page, in order. */
  readonly #pages: { resolve(html: string): void; reject(error: Error): void }[] = [];
  /** What it had recorded when it was stopped; null: that was lost. */
  readonly #log: Promise<string | null>;
  #gotLog!: (text: string | null) => void;

  constructor(settings: Settings, beats: Heartbeat, inspect: boolean, events: HostEvents, start: StartThread = startThread) {
    this.#startThread = start;
    this.#settings = settings;
    this.#beats = beats;
    this.#inspect = inspect;
    this.#events = events;
    this.ready = new Promise((resolve) => (this.#gotReady = resolve));
    this.#log = new Promise((resolve) => (this.#gotLog = resolve));
    this.#start();
  }

  #start(): void {
    this.#starts++;
    this.#isReady = false;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    try {
      const worker = this.#spawn(port2);
      let cause = 'it ended';
      worker.on('error', (error: unknown) => (cause = error instanceof Error ? error.message : String(error)));
      worker.on('exit', () => this.#gone(port1, cause));
      port1.on('message', (message: FromWatchdog) => this.#hear(message));
      // Last: a listener makes its port or worker keep the process alive.
      worker.unref();
      port1.unref();
      for (const [thread, heartbeat] of this.#followed) this.#post({ type: 'follow', thread, heartbeat });
    } catch (error) {
      this.#gone(port1, (error as Error).message);
    }
  }

  #spawn(port: MessagePort): Worker {
    const { threshold, heartbeat: beat, mode, profile, capture, log, report } = this.#settings;
    const command = process.argv.slice(1, 2);
    const shared = { heartbeat: this.#beats.shared, pending: hub().pending.buffer as SharedArrayBuffer };
    return this.#startThread({
      ...shared,
      threshold,
      beat,
      debug: mode === 'debug',
      profile,
      capture,
      log,
      report,
      command,
      inspect: this.#inspect,
      port,
    });
  }

  #hear(message: FromWatchdog): void {
    if (message.type === 'report') return this.#deaf ? undefined : this.#events.report(message.report);
    if (message.type === 'ask') return void this.#ask(message);
    if (message.type === 'page') return this.#gotPage(message);
    if (message.type === 'log') return this.#gotLog(message.text);
    this.#isReady = true;
    this.#gotReady();
  }

  #post(message: ToWatchdog): void {
    this.#port?.postMessage(message);
  }

  async #ask({ id, thread }: { id: number; thread: number }): Promise<void> {
    const port = this.#port;
    const answer = (await this.#events.ask?.(thread)) ?? { asked: 0, value: null };
    if (this.#port === port) this.#post({ type: 'answer', id, ...answer }); // else it was another watchdog's
  }

  /** A worker whose loop is to be followed as well. */
  follow(thread: number, heartbeat: SharedArrayBuffer): void {
    this.#followed.set(thread, heartbeat);
    this.#post({ type: 'follow', thread, heartbeat });
  }

  unfollow(thread: number): void {
    this.#followed.delete(thread);
    this.#post({ type: 'unfollow', thread });
  }

  #gotPage({ html, error }: { html: string; error?: string }): void {
    const waiting = this.#pages.shift();
    if (error === undefined) waiting?.resolve(html);
    else waiting?.reject(new InvalidStateError(`The report could not be made: ${error}`));
    if (this.#pages.length === 0) this.#port?.unref();
  }

  /** The page of what was recorded so far, made in the watchdog's thread. */
  page(): Promise<string> {
    const port = this.#port;
    if (port === null) return Promise.reject(new InvalidStateError('The lag monitor has lost its watchdog, and its records with it'));
    port.ref(); // somebody waits for it
    this.#post({ type: 'page' });
    return new Promise((resolve, reject) => this.#pages.push({ resolve, reject }));
  }

  /** What was recorded until `stop`; null: that was lost. */
  log(): Promise<string | null> {
    this.#port?.ref();
    return this.#log;
  }

  executors(at: number, executors: Readonly<Record<string, object>>): void {
    this.#post({ type: 'executors', at, executors });
  }

  #gone(port: MessagePort, cause: string): void {
    if (this.#port === port) this.drain(); // its last words may still be on the way
    port.close();
    for (const waiting of this.#pages.splice(0)) waiting.reject(new InvalidStateError(`The watchdog of the lag monitor is gone: ${cause}`));
    if (this.#stopped) this.#gotLog(null);
    if (this.#stopped || this.#port !== port) return;
    this.#port = null;
    hub().pending[0] = 0;
    if (this.#starts === 1) return this.#start();
    this.#gotReady();
    this.#events.lost(cause);
  }

  /** Reports that have arrived, without waiting for a turn of the loop. */
  drain(): void {
    for (;;) {
      const received = this.#port === null ? undefined : receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      this.#hear(received.message as FromWatchdog);
    }
  }

  /**
   * Waits at most `patience` milliseconds until the watchdog has told what it knows and let go of this thread; longer, should the
   * machine be that busy, while it has something to tell or its inspector is attached: Node would wait for that, without limit.
   * One that has not begun yet is waited for only when it has something to tell, or a report to write.
   */
  stop(patience: number, exiting = false): void {
    if (this.#stopped) return;
    this.drain();
    this.#stopped = true;
    this.#post({ type: 'stop', exiting });
    this.#beats.call();
    const port = this.#port;
    const { report } = this.#settings;
    const { attached, told, gapCount } = this.#beats;
    const untold = told < gapCount;
    const work = this.#isReady ? AT_WORK : AT_START;
    const longest = attached || untold ? Math.max(patience, work) : patience;
    const inTime = port === null || !(this.#isReady || untold || report !== undefined) || this.#beats.awaitStopped(longest);
    if (inTime) this.#beats.release();
    else if (report !== undefined)
      printToStderr(`offloop: the lag monitor's report (option report) ${report} was not ready in ${longest} ms\n`);
    this.drain();
    this.#deaf = true;
    hub().pending[0] = 0;
    if (port !== null && !exiting) return; // its records are still to come; `log` keeps them
    port?.close();
    this.#port = null;
    this.#gotLog(null);
  }
}
