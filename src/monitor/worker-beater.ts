/**
 * A worker's part of the heartbeat. A worker that computes does its job, and nobody is told of it: neither of a synchronous
 * job, nor of an async one that reads, computes and writes, one after the other. A block is a stretch that holds up something
 * else. So the loop beats only while something is in progress that has awaited; and a gap counts only when several things were
 * under way before it, and what had begun before it is still in progress after it.
 */
import { readlinkSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';
import type { LoopWish } from '../base/worker-loops.ts';
import { read } from './beater.ts';
import type { Reading } from './beater.ts';
import { Heartbeat } from './heartbeat.ts';
import { hub } from './hub.ts';

/** What is in progress in this worker. */
export interface InProgress {
  readonly any: boolean;
  /** Something that began before then is in progress. Time on `process.hrtime`, in milliseconds. */
  anySince(time: number): boolean;
  /** How many things are under way side by side; one goes on by itself and holds up nobody. */
  readonly sideBySide: number;
  /** How many calls have begun so far, also those that never waited. */
  readonly calls: number;
}

export class WorkerBeater {
  readonly #beats: Heartbeat;
  readonly #wish: LoopWish;
  readonly #inProgress: InProgress;
  readonly #observer: PerformanceObserver;
  #gc = 0;
  #last: Reading = read();
  #sideBySide = 0;
  #calls = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(shared: SharedArrayBuffer, wish: LoopWish, inProgress: InProgress) {
    this.#beats = new Heartbeat(shared);
    this.#wish = wish;
    this.#inProgress = inProgress;
    hub(); // answers, when it is asked where this thread is
    this.#beats.rest();
    this.#beats.osThread = osThread();
    this.#beats.loopStart = -Infinity; // loading modules is nothing that is watched here
    this.#observer = new PerformanceObserver((list) => this.#collected(list.getEntries()));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Something has begun to wait. */
  wake(): void {
    if (this.#timer !== null) return;
    this.#last = read();
    this.#look();
    this.#beats.beat(this.#last.at);
    this.#plan();
  }

  #plan(): void {
    this.#timer = setTimeout(this.#tick, this.#wish.heartbeat).unref();
  }

  readonly #tick = (): void => {
    const [last, now] = [this.#last, read()];
    this.#last = now;
    const wall = now.at - last.at;
    const active = now.active === 0 ? wall : Math.min(wall, now.active - last.active);
    const others = this.#sideBySide > 1 || this.#inProgress.calls > this.#calls;
    if (active >= this.#wish.threshold && others && this.#inProgress.anySince(now.at - this.#wish.threshold)) {
      this.#collected(this.#observer.takeRecords());
      const ignored = Math.min(active, now.ignored - last.ignored);
      this.#beats.noteGap({ start: last.at, end: now.at, active, cpu: now.cpu - last.cpu, ignored });
    }
    if (!this.#inProgress.any) return this.#rest();
    this.#look();
    this.#beats.beat(now.at);
    this.#plan();
  };

  #look(): void {
    this.#sideBySide = this.#inProgress.sideBySide;
    this.#calls = this.#inProgress.calls;
  }

  /** An idle worker is not woken. */
  #rest(): void {
    this.#timer = null;
    this.#beats.rest();
  }

  #collected(entries: readonly { duration: number }[]): void {
    for (const { duration } of entries) this.#gc += duration;
    this.#beats.gc = this.#gc;
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#rest();
    this.#observer.disconnect();
  }
}

/** Linux tells the CPU time of a thread by this number; 0 where there is none. */
function osThread(): number {
  if (process.platform !== 'linux') return 0;
  try {
    return Number(/\d+$/.exec(readlinkSync('/proc/thread-self'))?.[0] ?? 0);
  } catch {
    return 0; // /proc is closed to us
  }
}
