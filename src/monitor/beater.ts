/**
 * The watched thread's part of the heartbeat: one timer, which notes when it was late, and an ear for garbage collections.
 *
 * An idle loop beats less than half as often, because waking it is all that a beat costs. Nothing is lost by that: the watchdog looks at
 * the age of threshold − heartbeat, whenever the block began, and how long that was is known to the loop itself.
 */
import { performance, PerformanceObserver } from 'node:perf_hooks';
import type { Heartbeat } from './heartbeat.ts';
import { clock } from './hub.ts';
import { ignoredTime } from './ignore-blocks.ts';
import { ThreadClock } from './thread-clock.ts';
import type { ThreadTime } from './thread-clock.ts';
import { Turns } from './turns.ts';

export interface BeaterOptions {
  readonly heartbeat: number;
  readonly threshold: number;
  /** A profile runs: Node counts waiting as busy. */
  readonly profiled?: boolean;
}

/** Is told of each beat: by how many milliseconds the loop was late, and after how many the next beat is due. */
export type BeatListener = (late: number, due: number) => void;

/** Milliseconds by which a timer may be late on a healthy machine, and a little more. */
const PUNCTUAL = 15;
/** A loop that is busy for less of its time than that is idle. */
const IDLE = 0.1;

/** From the start until the watchdog surely reads the CPU time of this thread, it does so itself. Milliseconds. */
const UNATTENDED = 5000;

/** Newer Nodes can tell the CPU time of a thread from inside of it, exactly at the beat. */
const threadCpu = (process as { threadCpuUsage?: () => { user: number; system: number } }).threadCpuUsage?.bind(process);

function cpuTime(time: ThreadTime | null | undefined): number {
  if (threadCpu === undefined) return time?.run ?? Number.NaN;
  const { user, system } = threadCpu();
  return (user + system) / 1000;
}

export interface Reading {
  readonly at: number;
  /** Milliseconds the loop was busy, as libuv counts them; 0 until it first turns. */
  readonly active: number;
  readonly cpu: number;
  readonly ignored: number;
  /** Milliseconds it waited for a CPU; NaN where that is not known. */
  readonly queued: number;
}

export const read = (time?: ThreadTime | null): Reading => ({
  at: clock(),
  active: performance.eventLoopUtilization().active,
  cpu: cpuTime(time),
  ignored: ignoredTime(),
  queued: time?.queued ?? Number.NaN,
});

/** As seldom as an idle loop may beat: not so seldom that the watchdog takes a beat that is a little late for a stall. */
const restful = (threshold: number, heartbeat: number): number =>
  Math.max(2 * heartbeat, Math.min(2.4 * heartbeat, threshold - heartbeat - PUNCTUAL));

export class Beater {
  readonly #beats: Heartbeat;
  readonly #options: BeaterOptions;
  #timer: NodeJS.Timeout;
  /** Milliseconds from the last beat to the next. */
  #due: number;
  readonly #observer: PerformanceObserver;
  readonly #heard: BeatListener;
  readonly #turns: Turns | null;
  #threadClock: ThreadClock | null = new ThreadClock();
  readonly #attended = clock() + UNATTENDED;
  #gc = 0;
  #last: Reading;

  constructor(beats: Heartbeat, options: BeaterOptions, heard: BeatListener = () => {}) {
    this.#beats = beats;
    this.#heard = heard;
    this.#options = options;
    this.#turns = options.profiled === true ? new Turns() : null;
    this.#last = this.#read();
    this.#noteLoopStart(this.#last.at);
    beats.beat(this.#last.at);
    this.#due = options.heartbeat;
    this.#timer = setTimeout(this.#tick, this.#due).unref();
    this.#observer = new PerformanceObserver((list) => this.#collected(list.getEntries()));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  #read(): Reading {
    const reading = read(this.#threadClock?.read());
    if (this.#threadClock !== null && reading.at > this.#attended) this.#forgetClock();
    return reading;
  }

  #forgetClock(): void {
    this.#threadClock?.close();
    this.#threadClock = null;
  }

  readonly #tick = (): void => {
    const due = this.#due;
    this.beat();
    if (this.#due === due) this.#timer.refresh();
    else this.#timer = setTimeout(this.#tick, this.#due).unref();
  };

  beat(): void {
    const [last, now] = [this.#last, this.#read()];
    this.#last = now;
    const wall = now.at - last.at;
    const active = this.#busy(last, now);
    const { threshold, heartbeat } = this.#options;
    if (active >= threshold || wall >= threshold + heartbeat) {
      this.#collected(this.#observer.takeRecords());
      const ignored = Math.min(active, now.ignored - last.ignored);
      const [cpu, queued, poll] = [now.cpu - last.cpu, now.queued - last.queued, this.#turns?.last];
      this.#beats.noteGap({ start: last.at, end: now.at, active, cpu, ignored, queued, ...(poll !== undefined && { poll }) });
    }
    if (this.#beats.loopStart === 0) this.#noteLoopStart(now.at);
    this.#beats.beat(now.at);
    const late = this.#late(wall, active);
    this.#beats.noteLag(late, active);
    this.#due = active < IDLE * wall && threshold >= 4 * heartbeat ? restful(threshold, heartbeat) : heartbeat;
    this.#heard(late, this.#due);
  }

  #busy(last: Reading, now: Reading): number {
    const wall = now.at - last.at;
    return now.active === 0 ? wall : Math.min(wall, now.active - last.active + this.#beforeLoop(last, now));
  }

  /**
   * A block may begin long before the beat that it makes late: all that a loop did that was idle before was that block.
   * Of a busy loop, and with a profile, which keeps Node from telling what the loop did, it is known only how late the beat was.
   */
  #late(wall: number, active: number): number {
    const late = Math.max(0, wall - this.#due);
    const { heartbeat, profiled } = this.#options;
    const known = this.#due > heartbeat && late >= heartbeat && profiled !== true;
    return known ? Math.max(late, active) : late;
  }

  /** By how many milliseconds the loop is late already; 0 while it is on time. */
  get late(): number {
    const now = read();
    return this.#late(now.at - this.#last.at, this.#busy(this.#last, now));
  }

  /** What the thread has done so far was to start its watch: nobody is told of that. */
  restart(): void {
    this.#last = this.#read();
    this.#beats.beat(this.#last.at);
  }

  /** libuv counts from the first turn of the loop on: what the program did before that was all work. */
  #beforeLoop(last: Reading, now: Reading): number {
    if (last.active > 0) return 0;
    const loopStart = now.at - (performance.now() - performance.nodeTiming.loopStart);
    return Math.max(0, loopStart - last.at);
  }

  #noteLoopStart(now: number): void {
    const { loopStart } = performance.nodeTiming;
    if (loopStart > 0) this.#beats.loopStart = now - (performance.now() - loopStart);
  }

  #collected(entries: readonly { duration: number }[]): void {
    for (const { duration } of entries) this.#gc += duration;
    this.#beats.gc = this.#gc;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#turns?.end();
    this.#forgetClock();
    this.#observer.disconnect();
  }
}
