/** The lines of a log: one JSON object each, versioned, the one model that every kind of report is made of. */
import type { BlockCause, SlowReport, StackFrame } from '../base/slow-report.ts';
import type { Note } from '../monitor/told.ts';

export const VERSION = 1;

/** What all lines have. A reader skips the types it does not know. */
interface Head {
  readonly v: typeof VERSION;
  readonly pid: number;
  readonly thread: number;
}

export type BlockType = 'block' | 'still-blocked' | 'suspended' | 'startup';

/** A stack that was seen in a block: how often, and for how long. Innermost frame first; what has no file is built in. */
export interface SeenStack {
  readonly ms: number;
  readonly count: number;
  readonly frames: readonly StackFrame[];
}

/** One block. Times in milliseconds; `start` and `end` since 1970. */
export interface BlockLine extends Head {
  readonly type: BlockType;
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
  /** The samples themselves, equal ones together. */
  readonly stacks?: readonly SeenStack[];
  /** How many blocks the monitor has seen so far, this one included. */
  readonly seen: number;
}

/** The loop between two moments: a second, or up to a minute in which nothing happened. */
export interface LagLine extends Head {
  readonly type: 'lag';
  readonly start: number;
  readonly end: number;
  /** By how many milliseconds the loop was late for its beats. */
  readonly delay: { readonly max: number; readonly mean: number };
  /** Milliseconds: the loop had something to do; the thread ran, waited for a CPU (null: not known), collected garbage. */
  readonly busy: number;
  readonly run: number | null;
  readonly runQueue: number | null;
  readonly gc: number;
}

/** Milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
  readonly count: number;
}

/** As much of an executor's statistics as a report shows. */
export interface ExecutorFigures {
  readonly kind: string;
  readonly workers: number;
  readonly busy: number;
  readonly queued: number;
  readonly running: number;
  readonly completed: number;
  readonly failed: number;
  readonly utilization: number;
  readonly waitTime: Times;
  readonly runTime: Times;
  readonly functions?: Readonly<Record<string, { readonly waitTime: Times; readonly runTime: Times }>>;
}

/** Each executor that was alive at this moment. */
export interface ExecutorsLine extends Head {
  readonly type: 'executors';
  readonly at: number;
  readonly executors: Readonly<Record<string, ExecutorFigures>>;
}

/** A monitor began to watch: which program, and how. */
export interface StartLine extends Head {
  readonly type: 'start';
  readonly at: number;
  readonly node: string;
  readonly platform: string;
  readonly cwd: string;
  /** The program’s file. Without its arguments: they may hold what is not to be passed on with a report. */
  readonly command: readonly string[];
  readonly mode: 'watch' | 'debug';
  readonly threshold: number;
  readonly heartbeat: number;
}

/** It ended as it should. */
export interface EndLine extends Head {
  readonly type: 'end';
  readonly at: number;
}

export type Line = BlockLine | LagLine | ExecutorsLine | StartLine | EndLine;
export type LineType = Line['type'];

const blockTypes: ReadonlySet<string> = new Set<BlockType>(['block', 'still-blocked', 'suspended', 'startup']);

export function isBlock(line: Line): line is BlockLine {
  return blockTypes.has(line.type);
}

/** A report, and what only the log and the page keep of it. */
export interface Reported extends Omit<SlowReport, 'message'> {
  readonly stacks?: readonly SeenStack[];
}

export function toLine(report: Reported, seen: number, stillBlocked = false): BlockLine {
  const { at, duration, threshold, cause, confidence, where, stack, task, thread, cpu, samples, stacks } = report;
  const type: BlockType = stillBlocked ? 'still-blocked' : cause === 'suspended' || cause === 'startup' ? cause : 'block';
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
    ...(stacks !== undefined && stacks.length > 0 && { stacks }),
    seen,
  };
}

/** Of this process. */
export function toNoteLine(note: Note, thread: number): Line {
  const head = { v: VERSION, pid: process.pid, thread } as const;
  if (note.type === 'executors') return { ...head, ...note, executors: note.executors as ExecutorsLine['executors'] };
  if (note.type !== 'start') return { ...head, ...note };
  return { ...head, ...note, node: process.version, platform: process.platform, cwd: process.cwd() };
}
