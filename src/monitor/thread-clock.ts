/** CPU time of one thread of this process, told from outside of it. */
import { readFileSync } from 'node:fs';

export interface ThreadTime {
  /** Milliseconds on a CPU. */
  readonly run: number;
  /** Milliseconds in the run queue, ready but without a CPU. */
  readonly queued: number;
}

/** Linux tells; elsewhere, and where /proc is closed to us, null. */
export function threadTime(thread: number): ThreadTime | null {
  if (process.platform !== 'linux') return null;
  try {
    const [run = '', queued = ''] = readFileSync(`/proc/self/task/${thread}/schedstat`, 'utf8').split(' ');
    const time = { run: Number(run) / 1e6, queued: Number(queued) / 1e6 };
    return Number.isFinite(time.run) && Number.isFinite(time.queued) ? time : null;
  } catch {
    return null;
  }
}
