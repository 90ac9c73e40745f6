/** What the watchdog hands to whoever puts reports into words: it knows nothing of text, logs and pages. Types only. */
import type { SlowReport } from '../base/slow-report.ts';

/** A report without its text, and what only the text needs. */
export interface Told extends Omit<SlowReport, 'message'> {
  /** Samples that have the blamed line on their stack. */
  readonly hits: number;
  readonly debug: boolean;
}

export interface Presenter {
  /** The text block of a report. */
  block(told: Told): string;
  stillBlocked(told: Told): string;
  /** One line of the log, without its end. */
  line(told: Told, seen: number, stillBlocked: boolean): string;
}
