/**
 * A CPU profile that never stops, in windows: the next one is started before the last one is ended, because starting one
 * beside another costs 0.3 to 0.9 ms, and starting one alone walks the whole heap (159 to 342 ms at 280 MB).
 */
import { inTurn } from './in-turn.ts';
import type { CpuProfile, Profiled } from './profile.ts';
import { busiest, samplesIn } from './profile.ts';

interface Finished {
  readonly params: { readonly title: string; readonly profile: CpuProfile };
}

/** As much of an inspector session as is needed here. */
export interface ProfilerSession {
  post(method: string, params?: object): void;
  on(event: 'Profiler.consoleProfileFinished', listener: (message: Finished) => void): unknown;
}

export interface RollingOptions {
  /** Milliseconds between two samples. */
  readonly interval: number;
  readonly clock: () => number;
}

const WINDOW = 2000;
const KEPT = 3;
/** A window that has not come by then will not come: the thread is gone, or stuck in a native call. */
const PATIENCE = 1000;

export class RollingProfile {
  readonly #session: ProfilerSession;
  readonly #clock: () => number;
  readonly #windows: CpuProfile[] = [];
  readonly #waiting = new Map<string, (() => void)[]>();
  #number = 0;
  #turnedAt: number;

  constructor(session: ProfilerSession, { interval, clock }: RollingOptions) {
    this.#session = session;
    this.#clock = clock;
    const finished = inTurn(({ params }: Finished) => this.#finished(params.title, params.profile));
    session.on('Profiler.consoleProfileFinished', finished);
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: Math.round(interval * 1000) });
    this.#record(titleOf(0));
    this.#turnedAt = clock();
  }

  #record(begin: string, end?: string): void {
    const expression = `globalThis[Symbol.for('offloop.monitor.v1')]?.profile(${[begin, end].map((title) => JSON.stringify(title)).join()})`;
    this.#session.post('Runtime.evaluate', { expression, silent: true });
  }

  #finished(title: string, profile: CpuProfile): void {
    if (!title.startsWith(PREFIX)) return; // the program profiles itself
    this.#windows.push(profile);
    if (this.#windows.length > KEPT) this.#windows.shift();
    for (const go of this.#waiting.get(title) ?? []) go();
    this.#waiting.delete(title);
  }

  /** Begins the next window and ends this one. */
  #turn(): void {
    const title = titleOf(this.#number++);
    this.#record(titleOf(this.#number), title);
    this.#turnedAt = this.#clock();
  }

  /** Called often; turns the window when it is long enough. */
  tick(calm: boolean): void {
    if (calm && this.#clock() - this.#turnedAt >= WINDOW) this.#turn();
  }

  /** What took the time between two moments, busiest first; nothing when the profiler does not answer. */
  async over(start: number, end: number): Promise<Profiled> {
    const title = titleOf(this.#number);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE);
      const go = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.set(title, [...(this.#waiting.get(title) ?? []), go]);
      this.#turn();
    });
    return { functions: busiest(this.#windows, start, end), seen: samplesIn(this.#windows, start, end) };
  }
}

const PREFIX = 'offloop ';
const titleOf = (n: number): string => `${PREFIX}${n}`;
