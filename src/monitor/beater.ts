/** The watched thread's part of the heartbeat: one timer, which notes when it was late, and an ear for garbage collections. */
import { performance, PerformanceObserver } from 'node:perf_hooks';
import type { Heartbeat } from './heartbeat.ts';
import { clock } from './hub.ts';
import { ignoredTime } from './ignore-blocks.ts';

export interface BeaterOptions {
  readonly heartbeat: number;
  readonly threshold: number;
}

/** Newer Nodes can tell the CPU time of a thread from inside of it, exactly at the beat. */
const threadCpu = (process as { threadCpuUsage?: () => { user: number; system: number } }).threadCpuUsage?.bind(process);

function cpuTime(): number {
  if (threadCpu === undefined) return Number.NaN;
  const { user, system } = threadCpu();
  return (user + system) / 1000;
}

interface Reading {
  readonly at: number;
  /** Milliseconds the loop was busy, as libuv counts them; 0 until it first turns. */
  readonly active: number;
  readonly cpu: number;
  readonly ignored: number;
}

const read = (): Reading => ({ at: clock(), active: performance.eventLoopUtilization().active, cpu: cpuTime(), ignored: ignoredTime() });

export class Beater {
  readonly #beats: Heartbeat;
  readonly #options: BeaterOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #observer: PerformanceObserver;
  #gc = 0;
  #last: Reading;

  constructor(beats: Heartbeat, options: BeaterOptions) {
    this.#beats = beats;
    this.#options = options;
    this.#last = read();
    this.#noteLoopStart(this.#last.at);
    beats.beat(this.#last.at);
    this.#timer = setInterval(() => this.beat(), options.heartbeat).unref();
    this.#observer = new PerformanceObserver((list) => this.#collected(list.getEntries()));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  beat(): void {
    const [last, now] = [this.#last, read()];
    this.#last = now;
    const wall = now.at - last.at;
    const active = now.active === 0 ? wall : Math.min(wall, now.active - last.active);
    const { threshold, heartbeat } = this.#options;
    if (active >= threshold || wall >= threshold + heartbeat) {
      this.#collected(this.#observer.takeRecords());
      const ignored = Math.min(active, now.ignored - last.ignored);
      this.#beats.noteGap({ start: last.at, end: now.at, active, cpu: now.cpu - last.cpu, ignored });
    }
    if (this.#beats.loopStart === 0) this.#noteLoopStart(now.at);
    this.#beats.beat(now.at);
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
    clearInterval(this.#timer);
    this.#observer.disconnect();
  }
}
