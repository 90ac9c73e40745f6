/**
 * Tells the world, from the watchdog's thread: text to stderr, lines to a log, reports to the watched thread. Written
 * synchronously, because the watched thread may be blocked for good. Text is limited to one block a second; nothing else is.
 */
import { appendFileSync, writeSync } from 'node:fs';
import { reasonOf } from './report-file.ts';
import type { SlowReport } from '../base/slow-report.ts';
import type { Presenter, Told } from './told.ts';

export interface TellerOptions {
  readonly log: boolean | string;
  readonly presenter: Presenter;
  readonly send: (report: SlowReport) => void;
  readonly clock: () => number;
  readonly print?: (text: string) => void;
}

const INTERVAL = 1000;

export class Teller {
  readonly #options: TellerOptions;
  #log: boolean | string;
  #seen = 0;
  #printedAt = -Infinity;
  #unprinted = 0;
  /** Also gets each line about a block, whether or not there is a log. */
  keep: ((line: string, stillBlocked: boolean) => void) | null = null;

  constructor(options: TellerOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  block(told: Told): void {
    this.#seen++;
    const { hits: _, debug: __, stacks: ___, ...report } = told;
    const message = this.#options.presenter.block(told);
    this.#write(told, message, false);
    this.#options.send({ ...report, message });
  }

  stillBlocked(told: Told): void {
    this.#write(told, this.#options.presenter.stillBlocked(told), true);
  }

  #write(told: Told, text: string, stillBlocked: boolean): void {
    if (this.keep !== null || typeof this.#log === 'string') {
      const line = this.#options.presenter.line(told, this.#seen, stillBlocked);
      this.keep?.(line, stillBlocked);
      this.append(line);
    }
    if (this.#log === true) this.#printSometimes(text, stillBlocked);
  }

  #printSometimes(text: string, always: boolean): void {
    const now = this.#options.clock();
    if (!always && now - this.#printedAt < INTERVAL) {
      this.#unprinted++;
      return;
    }
    const more = this.#unprinted === 0 ? '' : `\n  (${this.#unprinted} more since the last report)`;
    this.#print(text + more);
    if (always) return;
    this.#unprinted = 0;
    this.#printedAt = now;
  }

  #print(text: string): void {
    (this.#options.print ?? printToStderr)(`${text}\n`);
  }

  /** A line to the log, if there is one. */
  append(line: string): void {
    if (typeof this.#log !== 'string') return;
    try {
      appendFileSync(this.#log, `${line}\n`);
    } catch (error) {
      this.#print(`offloop: the lag monitor cannot write ${this.#log}, and goes on without it: ${reasonOf(error)}`);
      this.#log = false;
    }
  }
}

/** A pipe that is full or closed must neither throw nor hold us up. */
export function printToStderr(text: string): void {
  let rest = Buffer.from(text);
  for (let tries = 0; rest.length > 0 && tries < 100; tries++) {
    try {
      rest = rest.subarray(writeSync(2, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    }
  }
}
