/** The watched thread's side of the watchdog: starts it, replaces it once, hears its reports, and lets it go in time. */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { bootstrapArgv, workerEntry } from '../base/worker-file.ts';
import type { Heartbeat } from './heartbeat.ts';
import { hub } from './hub.ts';
import type { Settings } from './settings.ts';
import type { SlowReport } from '../base/slow-report.ts';
import type { FromWatchdog, ToWatchdog, WatchdogData } from './thread-protocol.ts';

export interface HostEvents {
  report(report: SlowReport): void;
  /** The watchdog is gone, and no other will come. */
  lost(reason: string): void;
}

/** Milliseconds that a watchdog in the midst of something may take to come to its end. */
const AT_WORK = 1000;

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

  constructor(settings: Settings, beats: Heartbeat, inspect: boolean, events: HostEvents, start: StartThread = startThread) {
    this.#startThread = start;
    this.#settings = settings;
    this.#beats = beats;
    this.#inspect = inspect;
    this.#events = events;
    this.ready = new Promise((resolve) => (this.#gotReady = resolve));
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
    } catch (error) {
      this.#gone(port1, (error as Error).message);
    }
  }

  #spawn(port: MessagePort): Worker {
    const { threshold, heartbeat: beat, mode, profile, capture, log } = this.#settings;
    const shared = { heartbeat: this.#beats.shared, pending: hub().pending.buffer as SharedArrayBuffer };
    return this.#startThread({ ...shared, threshold, beat, debug: mode === 'debug', profile, capture, log, inspect: this.#inspect, port });
  }

  #hear(message: FromWatchdog): void {
    if (message.type === 'report') return this.#events.report(message.report);
    this.#isReady = true;
    this.#gotReady();
  }

  #gone(port: MessagePort, cause: string): void {
    port.close();
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
   */
  stop(patience: number): void {
    if (this.#stopped) return;
    this.drain();
    this.#stopped = true;
    this.#port?.postMessage('stop' satisfies ToWatchdog);
    this.#beats.call();
    const { attached, told, gapCount } = this.#beats;
    const stopped = this.#isReady && this.#beats.awaitStopped(attached || told < gapCount ? Math.max(patience, AT_WORK) : patience);
    if (stopped) this.#beats.release();
    this.drain();
    this.#port?.close();
    this.#port = null;
    hub().pending[0] = 0;
  }
}
