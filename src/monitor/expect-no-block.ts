/** For users' tests: a call during which the loop must go on turning. */
import { OffloopError } from '../base/errors.ts';
import { builtin } from '../base/late.ts';
import type { SlowReport } from '../base/slow-report.ts';
import { checkFunction, ownOptions } from '../base/validate.ts';
import { resolveSettings } from './settings.ts';
import { Watch } from './watch.ts';

/** Milliseconds for the watchdog to say what it saw; on a busy machine it may take its time, and the verdict depends on it. */
const PATIENCE = 2000;

type Report = Omit<SlowReport, 'stack' | 'message'>;

/** The loop was blocked. Has the fields of the worst report, but for its frames: those are in `report.stack`. */
class LoopBlockedError extends OffloopError {
  readonly report: SlowReport;

  constructor(report: SlowReport) {
    super('OFFLOOP_LOOP_BLOCKED', report.message);
    this.report = report;
    const { stack: _, message: __, ...fields } = report;
    Object.assign(this, fields satisfies Report);
  }
}

/**
 * Resolves with the value of `fn`, and rejects if it blocked the loop for `threshold` milliseconds (default 100) or more. What
 * starves or stops the whole process does not count; computing for that long does, however starved.
 *
 * - Waits for: `fn`, and about 50 ms for the monitor.
 * - On cancel: not a checkpoint; what `fn` does is its own business.
 * - Throws: an error with the report, whose `message` is its text; what `fn` throws comes first.
 */
export async function expectNoBlock<T>(fn: () => T | PromiseLike<T>, options?: { threshold?: number }): Promise<T> {
  checkFunction('fn', fn);
  const { threshold = 100 } = ownOptions<{ threshold: number }>('options', options, ['threshold']);
  const settings = resolveSettings({ mode: 'debug', threshold, profile: false, log: false });
  const reports: SlowReport[] = [];
  const watch = new Watch(settings, (report) => void reports.push(report));
  try {
    await watch.ready;
    await builtin('node:timers/promises').setTimeout(settings.heartbeat * 2); // its own start is over
    reports.length = 0;
    const from = Date.now();
    const value = await fn();
    watch.stop(PATIENCE);
    const worst = reports.filter((report) => isToBlame(report, from)).sort((a, b) => b.duration - a.duration)[0];
    if (worst !== undefined) throw new LoopBlockedError(worst);
    return value;
  } finally {
    watch.stop();
  }
}

/** Whether the function is to blame for it: in a starved process, for what it had of the CPU, which is as long on any machine. */
export function isToBlame({ cause, at, duration, threshold, cpu }: Omit<SlowReport, 'message'>, from: number): boolean {
  if (at + duration < from || cause === 'suspended') return false;
  return cause !== 'cpu-starved' || cpu.run >= threshold;
}
