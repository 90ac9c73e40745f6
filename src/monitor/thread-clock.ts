/** CPU time of one thread of this process, told from outside of it or from within. */
import { closeSync, openSync, readSync } from 'node:fs';

export interface ThreadTime {
  /** Milliseconds on a CPU. */
  readonly run: number;
  /** Milliseconds in the run queue, ready but without a CPU. */
  readonly queued: number;
}

/** Long enough for three numbers of twenty digits. */
const LONGEST = 80;

/** Keeps its file open: the watchdog of an idle program does little else than reading it. */
export class ThreadClock {
  #fd: number | null = null;
  readonly #buffer = Buffer.alloc(LONGEST);

  /** Without a number: of the thread that this is called in. */
  constructor(thread?: number) {
    if (process.platform !== 'linux') return;
    const folder = thread === undefined ? '/proc/thread-self' : `/proc/self/task/${thread}`;
    try {
      this.#fd = openSync(`${folder}/schedstat`, 'r');
    } catch {
      // no such thread, or /proc is closed to us
    }
  }

  /** Linux tells; elsewhere, and where /proc is closed to us, null. */
  read(): ThreadTime | null {
    if (this.#fd === null) return null;
    try {
      const length = readSync(this.#fd, this.#buffer, 0, LONGEST, 0);
      const [run = '', queued = ''] = this.#buffer.toString('latin1', 0, length).split(' ', 2);
      const time = { run: Number(run) / 1e6, queued: Number(queued) / 1e6 };
      return Number.isFinite(time.run) && Number.isFinite(time.queued) ? time : null;
    } catch {
      return null;
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}
