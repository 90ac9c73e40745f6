/** What the watchdog hands to whoever puts reports into words: it knows nothing of text, logs and pages. Types only. */
import type { SlowReport, StackFrame } from '../base/slow-report.ts';

/** A report without its text, and what only the text needs. */
export interface Told extends Omit<SlowReport, 'message'> {
  /** Samples that have the blamed line on their stack. */
  readonly hits: number;
  readonly debug: boolean;
  /** Where it was each time it was asked, equal stacks together; for the log and the page. */
  readonly stacks?: readonly SeenStack[];
}

/** Milliseconds, and how often; innermost frame first. What has no file is built in. */
export interface SeenStack {
  readonly ms: number;
  readonly count: number;
  readonly frames: readonly StackFrame[];
}

/** The loop between two moments, in milliseconds since 1970; the rest as in a line of the log. */
export interface LagNote {
  readonly type: 'lag';
  readonly start: number;
  readonly end: number;
  readonly delay: { readonly max: number; readonly mean: number };
  readonly busy: number;
  readonly run: number | null;
  readonly runQueue: number | null;
  readonly gc: number;
}

/** What the log tells besides blocks. */
export type Note =
  | LagNote
  | { readonly type: 'executors'; readonly at: number; readonly executors: Readonly<Record<string, object>> }
  | {
      readonly type: 'start';
      readonly at: number;
      /** The program's file. */
      readonly command: readonly string[];
      readonly mode: 'watch' | 'debug';
      readonly threshold: number;
      readonly heartbeat: number;
    }
  | { readonly type: 'end'; readonly at: number };

export interface Presenter {
  /** The text block of a report. */
  block(told: Told): string;
  stillBlocked(told: Told): string;
  /** One line of the log, without its end. */
  line(told: Told, seen: number, stillBlocked: boolean): string;
  /** The same, for what is no block. */
  note(note: Note, thread: number): string;
  /** The HTML page of a log. */
  page(log: string): string;
}
