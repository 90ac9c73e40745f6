/**
 * The workers whose loops the watchdog follows beside that of its own thread. It sees their heartbeats itself; where they are
 * the watched thread asks for it, which reaches all of them by its own inspector. When that thread is blocked as well, a block
 * of a worker is told without its line.
 */
import { Heartbeat } from './heartbeat.ts';
import { toSample } from './main-link.ts';
import type { Link } from './main-link.ts';
import type { Sample } from './sample.ts';
import { ThreadClock } from './thread-clock.ts';
import type { FromWatchdog, ToWatchdog } from './thread-protocol.ts';
import { Watchdog } from './watchdog.ts';
import type { Surroundings, WatchdogOptions } from './watchdog.ts';

type Shared = Pick<Surroundings, 'clock' | 'maps' | 'teller'>;

interface Followee {
  readonly beats: Heartbeat;
  readonly watchdog: Watchdog;
  threadClock: ThreadClock | null;
}

export class Followed {
  readonly #options: Omit<WatchdogOptions, 'thread' | 'worker'>;
  readonly #shared: Shared;
  readonly #send: ((message: FromWatchdog) => void) | null;
  readonly #all = new Map<number, Followee>();
  readonly #questions = new Map<number, (sample: Sample | null) => void>();
  #lastQuestion = 0;

  /** `send` asks the watched thread; null: the process does not let itself be inspected. */
  constructor(options: Omit<WatchdogOptions, 'thread' | 'worker'>, shared: Shared, send: ((message: FromWatchdog) => void) | null) {
    this.#options = options;
    this.#shared = shared;
    this.#send = send;
  }

  follow(thread: number, shared: SharedArrayBuffer): void {
    const beats = new Heartbeat(shared);
    const threadTime = (): ReturnType<ThreadClock['read']> => this.#clockOf(thread)?.read() ?? null;
    const env = { ...this.#shared, link: this.#linkTo(thread), pending: new Int32Array(1), threadTime };
    const watchdog = new Watchdog(beats, { ...this.#options, thread, worker: true }, env);
    this.#all.set(thread, { beats, watchdog, threadClock: null });
  }

  /** Its number in the system is known when its loop first beats. */
  #clockOf(thread: number): ThreadClock | null {
    const followee = this.#all.get(thread);
    if (followee === undefined || followee.beats.osThread === 0) return null;
    return (followee.threadClock ??= new ThreadClock(followee.beats.osThread));
  }

  #linkTo(thread: number): Link | null {
    const send = this.#send;
    if (send === null) return null;
    const ask = (heard: (sample: Sample | null) => void): void => {
      const id = ++this.#lastQuestion;
      this.#questions.set(id, heard);
      send({ type: 'ask', id, thread });
    };
    return { ask, relax: () => {}, close: () => {} };
  }

  answer({ id, asked, value }: Extract<ToWatchdog, { type: 'answer' }>): void {
    const heard = this.#questions.get(id);
    this.#questions.delete(id);
    heard?.(toSample(asked, value, []));
  }

  /** The worker is gone: what it noted before is told. */
  unfollow(thread: number): void {
    const followee = this.#all.get(thread);
    this.#all.delete(thread);
    followee?.watchdog.stop();
    followee?.threadClock?.close();
  }

  /** Returns the milliseconds until one of them wants to be looked at; Infinity when all rest. */
  look(): number {
    let wait = Infinity;
    for (const { watchdog } of this.#all.values()) wait = Math.min(wait, watchdog.look());
    return wait;
  }

  get calm(): boolean {
    return this.#every((watchdog) => watchdog.calm);
  }

  get idle(): boolean {
    return this.#every((watchdog) => watchdog.idle);
  }

  /** Somebody may begin at any moment. */
  get any(): boolean {
    return this.#all.size > 0;
  }

  #every(is: (watchdog: Watchdog) => boolean): boolean {
    for (const { watchdog } of this.#all.values()) if (!is(watchdog)) return false;
    return true;
  }

  stop(): void {
    for (const thread of this.#all.keys()) this.unfollow(thread);
    this.#questions.clear();
  }
}
