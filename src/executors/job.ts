/**
 * A job is a task that a worker drives. It hangs under the scope that submitted it, so cancelling the scope stops the work,
 * not only the promise; and whoever awaits it in that scope goes on only when the work has really ended ('abandon' excepted).
 */
import { CancelledError, isCancelled, TimeoutError } from '../base/errors.ts';
import { realClock } from '../base/clock.ts';
import { reportsFailure } from '../core/background.ts';
import { linkSignal } from '../core/link-signal.ts';
import { ambient } from '../core/scope.ts';
import type { Scope } from '../core/scope.ts';
import { TaskCore } from '../core/task.ts';
import type { Joiner } from '../core/task.ts';
import { SUBMITTED_HERE } from '../wire/error-codec.ts';
import type { KnownFunction } from './callable.ts';
import { Callbacks, extractCallbacks } from './callback.ts';
import { captureContext } from './carry-context.ts';
import { jobEnded, jobStarted, jobSubmitted, tellEnded, tellStarted, tellSubmitted } from './job-events.ts';
import type { ExecutorLabel } from './job-events.ts';
import type { JobSettings } from './options.ts';
import { Ties } from './ties.ts';
import type { Tie } from './ties.ts';
import { addStack, placeOf } from './whereabouts.ts';

/** Where a job is on its way. `held` = the queue is full, it waits for a place; `sent` = posted to a worker. */
export type JobPhase = 'new' | 'held' | 'queued' | 'sent' | 'ended';

export interface JobHost {
  /** Absent: nothing is published about its jobs. */
  readonly label?: ExecutorLabel;
  jobCancelled(job: Job, error: CancelledError): void;
}

export interface JobList {
  /** The list of one worker's own jobs. */
  readonly bound: boolean;
  remove(job: Job): void;
}

export type JobOutcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

/** Text that stands where an error came back from a worker: the line that submitted the job. */
export interface CallSite {
  stack?: string;
}

const NO_ARGS: readonly unknown[] = [];
const SITE_FRAMES = 6;
/** Milliseconds between two captures: each costs 2 to 3 µs, as much as sending ten small jobs. */
const SITE_INTERVAL = 1;
let lastCapture = -Infinity;
const SETTLED: Promise<void> = Promise.resolve();
const noop = (): void => {};

export function captureSite(below: (...args: never[]) => unknown): CallSite {
  const site: CallSite = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = SITE_FRAMES;
  Error.captureStackTrace(site, below); // V8 collects the frames now and formats them only if `stack` is read
  Error.stackTraceLimit = limit;
  return site;
}

export function linesOf(site: CallSite): string {
  return (site.stack ?? '').split('\n').slice(1).join('\n');
}

export class Job extends TaskCore {
  readonly fn: KnownFunction;
  readonly settings: JobSettings;
  /** Run for another machine: what comes of it is passed on as it came. */
  readonly relays: boolean = false;
  args: readonly unknown[];
  phase: JobPhase = 'new';
  readonly submittedAt: number = performance.now();
  sentAt = 0;
  /** Milliseconds that it ran, once it has ended in a pool. */
  ranFor = 0;
  /** What it says to the loop while it runs; null for most jobs. */
  ties: Ties | null = null;
  callbacks: Callbacks | null = null;
  /** Its number in the worker's control block while `sent`. */
  sequence = 0;
  /** Links of the list it waits in. */
  list: JobList | null = null;
  ahead: Job | null = null;
  behind: Job | null = null;
  /** The error that a passed time limit turns the cancellation into. */
  #expired: string | null = null;
  #timer: Disposable | null = null;
  readonly #host: JobHost;
  readonly #site: CallSite | null;
  #sited = false;

  constructor(
    scope: Scope,
    host: JobHost,
    fn: KnownFunction,
    args: readonly unknown[],
    settings: JobSettings,
    below: ((...a: never[]) => unknown) | null, // null: nobody will ask for its lines
  ) {
    super(scope, settings.name ?? fn.name, reportsFailure);
    this.#host = host;
    this.fn = fn;
    this.args = args;
    this.settings = settings;
    this.listens = true;
    const due = below !== null && this.submittedAt - lastCapture >= SITE_INTERVAL;
    if (due) lastCapture = this.submittedAt;
    this.#site = due ? captureSite(below) : null;
    this.runtime.external++;
    if (settings.signal !== undefined) this.onSettled(linkSignal(settings.signal, this));
    this.#tieArguments(args, jobSubmitted.hasSubscribers ? tellSubmitted(this, host.label) : undefined);
  }

  /** Callbacks among the arguments, and the context of the call. What cannot be carried ends the job. */
  #tieArguments(args: readonly unknown[], trace: unknown): void {
    try {
      const found = extractCallbacks(args);
      if (found !== null) {
        this.args = found.args;
        this.tie((this.callbacks = new Callbacks(this, found.fns)));
      }
      const context = captureContext(trace);
      if (context !== null) this.tie({ extras: { context } });
    } catch (error) {
      this.end({ ok: false, error });
    }
  }

  tie(tie: Tie): void {
    (this.ties ??= new Ties()).add(tie);
  }

  /** Only while the job itself is being stopped: a time limit around `await` alone leaves the job, and must not wait for it. */
  override get keepsJoiners(): boolean {
    return this.phase === 'sent' && this.effective !== null && this.settings.onCancel !== 'abandon';
  }

  /** The submitting lines; unknown when jobs come thick and fast: then the awaiting lines stand in, see `then`. */
  get callSite(): string | undefined {
    return this.#site === null ? undefined : linesOf(this.#site);
  }

  /**
   * Where no submitting line was captured, V8 knows who awaits: an error made in a promise reaction sees the async frames
   * behind it. For `await work(x)` the awaiting line is the submitting one. It costs nothing until a job fails.
   */
  protected override refuseTo(joiner: Joiner, error: unknown): void {
    if (this.#lacksSite(error))
      joiner.grant(this.#withSite(error)); // a promise: the wait ends as that does
    else super.refuseTo(joiner, error);
  }

  protected override refusal(error: unknown): Promise<never> {
    return this.#lacksSite(error) ? this.#withSite(error) : super.refusal(error);
  }

  #lacksSite(error: unknown): error is Error & { stack: string } {
    if (this.#site !== null || this.#sited || this.sentAt === 0 || !this.failed) return false;
    return error instanceof Error && typeof error.stack === 'string';
  }

  #withSite(error: Error & { stack: string }): Promise<never> {
    const reaction = (): never => {
      const site: CallSite = {};
      Error.captureStackTrace(site, reaction);
      // Not only those with 'at async': who formats stacks by source maps (vitest, source-map-support) may drop the word.
      const lines = linesOf(site)
        .split('\n')
        .filter((line) => line !== '' && !line.includes('node:internal/'));
      if (lines.length > 0 && !this.#sited) error.stack += `\n${SUBMITTED_HERE}\n${lines.join('\n')}`;
      this.#sited = true;
      throw error;
    };
    return SETTLED.then(noop).then(reaction); // two steps later, when the awaiting promise hangs on this one
  }

  get waitsInLine(): boolean {
    return this.phase === 'held' || this.phase === 'queued';
  }

  override onCancel(error: CancelledError): void {
    super.onCancel(error);
    if (!this.settled) this.#host.jobCancelled(this, error);
  }

  /** The job is on its way to a worker. */
  sent(sequence: number, at: number, worker?: number): void {
    this.sequence = sequence;
    this.phase = 'sent';
    this.sentAt = at;
    this.markRunning();
    if (jobStarted.hasSubscribers) tellStarted(this, this.#host.label, worker);
  }

  /** What the running function said. */
  progressed(value: unknown): void {
    const { onProgress } = this.settings;
    if (onProgress === undefined || this.settled) return;
    try {
      ambient.run(this, onProgress, value);
    } catch (error) {
      this.runtime.report({ message: `Exception in onProgress of job ${JSON.stringify(this.name)}`, error, task: this });
    }
  }

  /** Its time limit has passed. */
  get expired(): boolean {
    return this.#expired !== null;
  }

  expire(what: string): void {
    if (this.effective !== null) return; // it was cancelled for another reason before
    this.#expired = what;
    this.cancelWith(new CancelledError({ source: 'deadline', reason: what }));
  }

  /** Real time, whatever the clock of the run: the worker knows no other. One at a time: a later call replaces the former. */
  checkAt(when: number, check: () => void): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.settled ? null : realClock.setTimer(when, check); // a timer that nobody stops would hold the process
  }

  stopTimer(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  /**
   * Ends the job with its value or error; a job that was asked to stop ends as cancelled, whatever it still returned.
   * False when it had ended before (it was abandoned). `ms` = how long it ran; 0 = it never began.
   */
  end(outcome: JobOutcome, ms = 0): boolean {
    if (this.settled) return false;
    this.#end(outcome);
    if (jobEnded.hasSubscribers) tellEnded(this, this.#host.label, ms);
    return true;
  }

  #end(outcome: JobOutcome): void {
    this.stopTimer();
    this.phase = 'ended';
    this.args = NO_ARGS;
    this.runtime.external--;
    const reason = this.effective;
    if (reason === null) {
      if (outcome.ok) this.succeed(outcome.value);
      else this.fail(outcome.error);
      return;
    }
    if (!outcome.ok && !isCancelled(outcome.error)) {
      this.runtime.report({ message: 'A job failed while it was being cancelled', error: outcome.error, task: this });
    }
    if (this.#expired === null) this.fail(addStack(reason, this));
    else this.fail(addStack(new TimeoutError(this.#expired + placeOf(this), realClock.now(), { cause: reason }), this));
  }

  /** Ends a job that was cancelled. */
  endCancelled(ms = 0): boolean {
    return this.end({ ok: false, error: this.effective }, ms);
  }
}

export type JobInit = [Scope, JobHost, KnownFunction, readonly unknown[], JobSettings, (...a: never[]) => unknown];
/** What an executor is to make of a call. */
export type MakeJob = (init: JobInit) => Job;
export const plainJob: MakeJob = (init) => new Job(...init);
