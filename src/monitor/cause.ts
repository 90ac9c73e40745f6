/**
 * Why the loop stood still, from what the system measured meanwhile. How long it took says nothing about why, so the duration
 * only serves as the whole of which the signals are parts. The order of the rules matters: each presumes the ones above.
 */
import type { BlockCause } from '../base/slow-report.ts';

/** Milliseconds, but for `callbacks`. null: this system does not tell. */
export interface Signals {
  readonly duration: number;
  /** The thread ran on a CPU. */
  readonly run: number | null;
  /** It was ready to run, and others had the CPUs. */
  readonly runQueue: number | null;
  readonly gc: number;
  /** How late the watchdog itself was. */
  readonly late: number;
  /** The longest time from asking the thread where it is to its answer. */
  readonly latency: number;
  /** It was asked at least once. */
  readonly asked: boolean;
  /** From the first question to the end: a block is not asked about before it is nearly as long as the threshold. */
  readonly observed: number;
  /** Asynchronous ids seen in the answers. */
  readonly callbacks: number;
}

const MANY = 2;
/** JavaScript answers within this time. */
const PROMPT = 5;

export function causeOf({ duration, run, runQueue, gc, late, latency, asked, observed, callbacks }: Signals): BlockCause {
  const half = duration / 2;
  if (runQueue !== null && runQueue > half) return 'cpu-starved';
  if (late > half && (run === null || run < half)) return runQueue === null ? 'unknown' : 'suspended';
  if (gc > half) return 'gc';
  if (run !== null && runQueue !== null && duration - run - runQueue > half) return 'sync-wait';
  // Without the run queue's time, a thread that did not run either slept or starved.
  if (run !== null && runQueue === null && duration - run > half) return 'unknown';
  if (run === null && !asked) return 'unknown'; // nothing is known of it at all
  if (latency > PROMPT && latency > 0.4 * observed) return 'native';
  return callbacks > MANY ? 'many-callbacks' : 'javascript';
}
