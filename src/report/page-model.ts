/**
 * What a page is made of: a log with every name, frame and stack told once, so that 100,000 blocks are a few megabytes. Plain
 * data, embedded in the page as JSON and read there by `page/`. Times in milliseconds.
 */
import type { BlockCause, Confidence } from '../base/slow-report.ts';
import type { ExecutorFigures } from './model.ts';

/** Index into `files` (-1: built in), line and column from 1. */
export type PageFrame = readonly [fn: string, file: number, line: number, column: number, async: 0 | 1];

/** Where a run was blocked: an index into `frames`, and the built-in that was called there. */
export interface Place {
  readonly frame: number;
  readonly native: string | null;
}

/** Indices are -1 for nothing. `start` counts from the start of the run. */
export interface PageBlock {
  readonly start: number;
  readonly ms: number;
  readonly cause: BlockCause;
  readonly confidence: Confidence;
  readonly place: number;
  readonly task: number;
  readonly taskId: number;
  /** The blamed stack. */
  readonly stack: number;
  readonly callbacks: number;
  readonly run: number;
  readonly queue: number | null;
  readonly gc: number;
  readonly samples: number;
  /** It was not over when the log ended. */
  readonly open: boolean;
  /** Stack, milliseconds and count of its samples. */
  readonly seen: readonly (readonly [stack: number, ms: number, count: number])[];
}

/** From the start of the run. `queue` is null where the system does not tell. */
export interface PageLag {
  readonly from: number;
  readonly to: number;
  readonly max: number;
  readonly mean: number;
  readonly busy: number;
  readonly queue: number | null;
  readonly gc: number;
}

export interface PageExecutors {
  readonly at: number;
  readonly executors: Readonly<Record<string, ExecutorFigures>>;
}

/** One process under one monitor. */
export interface Run {
  readonly pid: number;
  readonly thread: number;
  /** Since 1970. */
  readonly start: number;
  readonly length: number;
  readonly program: {
    readonly node: string;
    readonly platform: string;
    readonly command: readonly string[];
    readonly mode: string;
    readonly heartbeat: number;
  } | null;
  readonly threshold: number;
  /** It ended as it should; else it was killed, or still ran when the page was made. */
  readonly ended: boolean;
  readonly blocks: readonly PageBlock[];
  /** Blocks that were seen and are not here, because memory is bounded. */
  readonly dropped: number;
  readonly lag: readonly PageLag[];
  readonly executors: readonly PageExecutors[];
}

/** Stretches of a source file around its hot lines; or why there are none. */
export interface PageSource {
  readonly parts: readonly { readonly first: number; readonly lines: readonly string[] }[];
  readonly missing: string | null;
}

export interface PageModel {
  /** When the page was made: milliseconds since 1970. */
  readonly made: number;
  readonly runs: readonly Run[];
  readonly files: readonly string[];
  readonly frames: readonly PageFrame[];
  readonly stacks: readonly (readonly number[])[];
  readonly tasks: readonly string[];
  readonly places: readonly Place[];
  /** By index of the file. */
  readonly sources: Readonly<Record<number, PageSource>>;
  /** What could not be read of the log; sentences. */
  readonly problems: readonly string[];
}
