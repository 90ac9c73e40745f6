/** The lines of a log: one JSON object each, versioned, the one model that every kind of report is made of. */
import type { BlockCause, SlowReport } from '../base/slow-report.ts';

export const VERSION = 1;

export type LineType = 'block' | 'still-blocked' | 'suspended' | 'startup';

/** Times in milliseconds; `start` and `end` since 1970. */
export interface Line {
  readonly v: typeof VERSION;
  readonly type: LineType;
  readonly pid: number;
  readonly thread: number;
  readonly start: number;
  readonly end: number;
  readonly ms: number;
  readonly threshold: number;
  readonly cause: BlockCause;
  readonly confidence: SlowReport['confidence'];
  readonly where?: NonNullable<SlowReport['where']>;
  readonly stack?: NonNullable<SlowReport['stack']>;
  readonly task?: NonNullable<SlowReport['task']>;
  readonly callbacks: number;
  readonly cpu: { readonly run: number; readonly runQueue: number | null; readonly gc: number };
  readonly samples: number;
  /** How many blocks the monitor has seen so far, this one included. */
  readonly seen: number;
}

export function toLine(report: Omit<SlowReport, 'message'>, seen: number, stillBlocked = false): Line {
  const { at, duration, threshold, cause, confidence, where, stack, task, thread, cpu, samples } = report;
  const type: LineType = stillBlocked ? 'still-blocked' : cause === 'suspended' || cause === 'startup' ? cause : 'block';
  const { callbacks, ...times } = cpu;
  const head = { v: VERSION, type, pid: process.pid, thread, start: at, end: at + duration, ms: duration } as const;
  return {
    ...head,
    threshold,
    cause,
    confidence,
    ...(where !== undefined && { where }),
    ...(stack !== undefined && { stack }),
    ...(task !== undefined && { task }),
    callbacks,
    cpu: times,
    samples,
    seen,
  };
}
