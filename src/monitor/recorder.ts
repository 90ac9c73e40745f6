/**
 * Keeps what a page about the run so far needs, hands the same lines to the log, and writes the report. The file is there from
 * the start and is brought up to date while the program runs, so that something is left of it whatever kills the program.
 */
import type { Heartbeat } from './heartbeat.ts';
import { Journal } from './journal.ts';
import { LagMeter } from './lag-meter.ts';
import { writeReport } from './report-file.ts';
import { printToStderr } from './teller.ts';
import type { Teller } from './teller.ts';
import type { ThreadTime } from './thread-clock.ts';
import type { Note, Presenter } from './told.ts';

export interface RecorderOptions {
  /** The program's file. */
  readonly command: readonly string[];
  readonly mode: 'watch' | 'debug';
  readonly threshold: number;
  readonly heartbeat: number;
  readonly thread: number;
  /** Path of the report. */
  readonly report: string | undefined;
  readonly presenter: Presenter;
  readonly clock: () => number;
  readonly threadTime: () => ThreadTime | null;
  /** Milliseconds that this thread has computed: on a busy machine the time it took to write says nothing about its price. */
  readonly effort?: () => number;
  readonly write?: typeof writeReport;
  readonly print?: (text: string) => void;
}

/** Milliseconds until the first writing: a short program writes once, at its end. */
const FIRST = 1000;
/** Milliseconds from one writing to the next: so many times what the last one took, and between these. */
const SHARE = 100;
const REST = 5000;
const LONGEST_REST = 30_000;
/** So long it waits for a moment in which nothing else is to be done: a loop that is blocked again and again has none. */
const PATIENCE = 5000;
/** Without a block the file is that old at most. */
const STALE = 60_000;

/** Whether the moment is good for writing: 'never' where writing itself would block the loop. */
export type Moment = 'good' | 'bad' | 'never';

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #journal = new Journal();
  readonly #meter: LagMeter;
  readonly #teller: Teller;
  /** Blocks, at the last writing. */
  #written = -1;
  #blocks = 0;
  #next = 0;
  #writtenAt = 0;
  /** When the first block came that is not in the file. */
  #newAt = 0;
  #failed = false;
  /** The loop is blocked, perhaps for good: the file is to know it now. */
  #urgent = false;
  #ended = false;
  #executors = '';

  constructor(beats: Heartbeat, teller: Teller, options: RecorderOptions) {
    this.#options = options;
    this.#teller = teller;
    this.#meter = new LagMeter(beats, options);
    this.#writtenAt = options.clock();
    this.#next = this.#writtenAt + FIRST;
    teller.keep = (line, stillBlocked) => {
      if (this.#written === this.#blocks) this.#newAt = options.clock();
      this.#blocks++;
      this.#urgent ||= stillBlocked;
      this.#journal.add('blocks', line);
    };
    const { command, mode, threshold, heartbeat } = options;
    this.#note({ type: 'start', at: Date.now(), command, mode, threshold, heartbeat });
  }

  #note(note: Note): void {
    const line = this.#options.presenter.note(note, this.#options.thread);
    this.#journal.add(note.type === 'start' ? 'start' : 'figures', line);
    this.#teller.append(line);
  }

  /** Called often; writes the file when there is something new and it has rested. */
  tick(moment: Moment): void {
    for (const note of this.#meter.tick()) this.#note(note);
    if (this.#options.report === undefined || this.#failed || moment === 'never') return;
    const { clock, effort = clock } = this.#options;
    const now = clock();
    const due = this.#written !== this.#blocks ? this.#next : Math.max(this.#next, this.#writtenAt + STALE);
    const late = Math.max(due, this.#newAt) + PATIENCE;
    if (now < (moment === 'good' ? due : late) && !this.#urgent) return;
    const before = effort();
    this.#write();
    this.#writtenAt = clock();
    this.#next = this.#writtenAt + Math.min(LONGEST_REST, Math.max(REST, SHARE * (effort() - before)));
  }

  /** What executors had to do; told again only when something has changed. */
  executors(at: number, executors: Readonly<Record<string, object>>): void {
    const text = JSON.stringify(executors);
    if (text === this.#executors || text === '{}') return;
    this.#executors = text;
    this.#note({ type: 'executors', at, executors });
  }

  /** The log so far. */
  get text(): string {
    if (!this.#ended) for (const note of this.#meter.flush()) this.#note(note);
    return this.#journal.text;
  }

  page(): string {
    return this.#options.presenter.page(this.text);
  }

  #write(): void {
    this.#written = this.#blocks;
    this.#urgent = false;
    const path = this.#options.report!;
    const problem = (this.#options.write ?? writeReport)(path, this.page());
    if (problem === null) return;
    this.#failed = true;
    (this.#options.print ?? printToStderr)(`offloop: the lag monitor cannot write its report (option report) to ${path}: ${problem}\n`);
  }

  end(): void {
    for (const note of this.#meter.flush()) this.#note(note);
    this.#note({ type: 'end', at: Date.now() });
    this.#ended = true;
    if (this.#options.report !== undefined && !this.#failed) this.#write();
  }
}
