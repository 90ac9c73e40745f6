/**
 * The coordinator: asyncio.run. One main task, then an orderly end: background tasks are cancelled and joined, executors
 * shut down, signal handlers removed.
 *
 * A first SIGINT or SIGTERM cancels main, so that its cleanup runs; when everything is closed the process exits with
 * 128 + n. It exits, instead of rejecting, because a rejection would end in Node's stack trace and exit code 1. A second
 * signal exits at once.
 */
import { constants } from 'node:os';
import { realClock } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { CancelledError, InvalidStateError, TimeoutError } from '../base/errors.ts';
import { checkDuration, checkFunction, ownOptions, wrongType } from '../base/validate.ts';
import { forgiveAbandoned } from './abandoned.ts';
import { runInWorker } from './in-worker.ts';
import { checkCatchable } from './signal-receiver.ts';
import { watchRun } from './probe.ts';
import type { DebugOptions, Instrument } from './probe.ts';
import { Runtime } from './runtime.ts';
import type { ExceptionHandler, ExecutorLike } from './runtime.ts';
import { adoptRoot, ambient, Scope } from './scope.ts';
import { nextTurn } from './turn.ts';
import { TaskCore, tasksUnder } from './task.ts';
import type { Task, TaskFn } from './task.ts';
import { waitingOn } from './waits.ts';

export interface RunOptions {
  /** Signals that end the program in order. Default: SIGINT and SIGTERM. `false`: none. */
  signals?: readonly NodeJS.Signals[] | false;
  /** Milliseconds for the end: cleanup of main after a signal, of background tasks and executors. Default 30,000. */
  gracePeriod?: number;
  clock?: Clock;
  /** The default executor of this run, shut down at its end. Default: a ThreadPoolExecutor, made on demand. */
  executor?: ExecutorLike;
  /** Hears of errors that have no caller. Default: printed to stderr. */
  exceptionHandler?: ExceptionHandler;
  /** Debug mode. Default: what `setDebug` said last, else on if the environment variable OFFLOOP_DEBUG is set and not empty. */
  debug?: boolean | DebugOptions;
  /** Hear what happens to the tasks of this run. */
  instruments?: readonly Instrument[];
}

/**
 * Milliseconds in which a repeated signal is the echo of the first: a terminal sends Ctrl-C to the whole process group, and
 * `npm start` forwards its own copy.
 */
const ECHO = 50;

interface Resolved {
  readonly signals: readonly NodeJS.Signals[];
  readonly gracePeriod: number;
  readonly clock: Clock | undefined;
  readonly executor: ExecutorLike | undefined;
  readonly exceptionHandler: ExceptionHandler | undefined;
  readonly debug: boolean | DebugOptions | undefined;
  readonly instruments: readonly Instrument[];
}

const optionNames = ['signals', 'gracePeriod', 'clock', 'executor', 'exceptionHandler', 'debug', 'instruments'] as const;

function resolve(options: RunOptions | undefined): Resolved {
  const o = ownOptions<RunOptions>('options', options, optionNames);
  if (o.gracePeriod !== undefined) checkDuration('options.gracePeriod', o.gracePeriod);
  if (o.exceptionHandler !== undefined) checkFunction('options.exceptionHandler', o.exceptionHandler);
  if (o.clock !== undefined && (typeof o.clock?.now !== 'function' || typeof o.clock.setTimer !== 'function')) {
    throw wrongType('options.clock', 'a Clock (an object with now and setTimer)', o.clock);
  }
  if (o.executor !== undefined && (typeof o.executor?.submit !== 'function' || typeof o.executor.shutdown !== 'function')) {
    throw wrongType('options.executor', 'an Executor', o.executor);
  }
  checkWatch(o);
  const signals = o.signals ?? ['SIGINT', 'SIGTERM'];
  if (signals !== false) {
    if (!Array.isArray(signals)) throw wrongType('options.signals', 'an array of signal names, or false', signals);
    (signals as NodeJS.Signals[]).forEach((s, i) => checkCatchable(`options.signals[${i}]`, s));
  }
  return {
    signals: signals === false ? [] : [...new Set(signals)],
    gracePeriod: o.gracePeriod ?? 30_000,
    clock: o.clock,
    executor: o.executor,
    exceptionHandler: o.exceptionHandler,
    debug: o.debug,
    instruments: o.instruments ?? [],
  };
}

function checkWatch({ debug, instruments }: RunOptions): void {
  if (debug !== undefined && typeof debug !== 'boolean' && (typeof debug !== 'object' || debug === null)) {
    throw wrongType('options.debug', 'a boolean or an object', debug);
  }
  if (instruments === undefined) return;
  if (!Array.isArray(instruments)) throw wrongType('options.instruments', 'an array of instruments', instruments);
  (instruments as unknown[]).forEach((instrument, i) => {
    if (typeof instrument !== 'object' || instrument === null) throw wrongType(`options.instruments[${i}]`, 'an object', instrument);
  });
}

/**
 * Runs `main` as the program's main task and resolves with its value when everything it started has ended: background tasks
 * are cancelled and joined, executors are shut down. Inside a worker it is a no-op: main never runs there.
 *
 * - Waits for: main, its background tasks, its executors.
 * - On cancel: a signal cancels main; when all is closed the process exits with 128 + the signal's number.
 * - Order: main ends first, then background tasks, then executors.
 * - Throws: what main throws; InvalidStateError inside another `run`; TimeoutError when the end takes longer than `gracePeriod`.
 */
export async function run<T>(main: TaskFn<T>, options?: RunOptions): Promise<T> {
  checkFunction('main', main);
  const o = resolve(options);
  const inWorker = runInWorker<T>();
  if (inWorker !== null) return inWorker;
  if (ambient.getStore()?.task)
    throw new InvalidStateError('run() was called inside a task of another run(): use withTaskGroup, or await the function itself');
  return new Run<T>(o).go(main);
}

class Run<T> {
  readonly #options: Resolved;
  readonly #runtime: Runtime;
  readonly #root: Scope;
  #signal: NodeJS.Signals | null = null;
  #main: TaskCore<T> | null = null;
  #lastResort: NodeJS.Timeout | undefined;

  constructor(options: Resolved) {
    this.#options = options;
    this.#runtime = new Runtime(options);
    this.#root = new Scope(null, this.#runtime);
    if (options.executor !== undefined) {
      this.#runtime.executor = options.executor;
      this.#runtime.closables.add(options.executor);
    }
  }

  async go(main: TaskFn<T>): Promise<T> {
    const unwatch = watchRun(this.#runtime, this.#options);
    const restore = adoptRoot(this.#root);
    const ignore = this.#catchSignals();
    const forgiven = forgiveAbandoned();
    try {
      const task = (this.#main = new TaskCore<T>(this.#root, main.name || 'main', null));
      task.start(main);
      await new Promise<void>((settled) => task.onSettled(() => settled()));
      const trouble = await this.#end().then(
        () => null,
        (error: unknown) => ({ error }),
      );
      return this.#conclude(task, trouble);
    } finally {
      forgiven();
      this.#root.leave();
      unwatch();
      this.#runtime.end();
      restore();
      ignore();
    }
  }

  #catchSignals(): () => void {
    let signalledAt = 0;
    const handler = (signal: NodeJS.Signals): void => {
      if (this.#signal !== null) {
        if (performance.now() - signalledAt < ECHO) return;
        process.exit(exitCode(signal));
      }
      signalledAt = performance.now();
      this.#signal = signal;
      this.#giveUpLater(signal);
      this.#main?.cancelWith(new CancelledError({ source: 'signal', reason: signal }));
    };
    if (this.#options.signals.length === 0) return () => clearTimeout(this.#lastResort);
    for (const s of this.#options.signals) process.on(s, handler);
    // A program that only waits for its signal must live to see it; listening for signals does not keep a process alive.
    const alive = setInterval(() => {}, 2 ** 30);
    return () => {
      clearInterval(alive);
      clearTimeout(this.#lastResort);
      for (const s of this.#options.signals) process.off(s, handler);
    };
  }

  /** Real time, whatever the clock of the run: a person waits at the keyboard. Cleanup that waits for nothing must not end the process unheard. */
  #giveUpLater(signal: NodeJS.Signals): void {
    const { gracePeriod } = this.#options;
    const giveUp = (): void => {
      this.#runtime.report({ message: `${signal}: not finished after the grace period of ${gracePeriod} ms; ${this.#pending()}` });
      process.exit(exitCode(signal));
    };
    this.#lastResort = setTimeout(giveUp, Math.min(gracePeriod, 2 ** 31 - 1));
  }

  /** main's own error comes first; trouble at the end is thrown only if there is none, else reported. */
  #conclude(task: TaskCore<T>, trouble: { error: unknown } | null): T {
    const { state } = task;
    const report = (message: string, error: unknown): void => this.#runtime.report({ message, error });
    if (this.#signal !== null) {
      if (state === 'failed') report(`main failed while it was stopped by ${this.#signal}`, task.error());
      if (trouble !== null) report('run() did not end in order', trouble.error);
      process.exit(exitCode(this.#signal));
    }
    if (trouble !== null && state === 'done') throw trouble.error;
    if (trouble !== null) report('run() did not end in order', trouble.error);
    return task.result();
  }

  /** Cancels and joins what is left, then closes the executors; all within the grace period. */
  async #end(): Promise<void> {
    const { clock } = this.#runtime;
    const { gracePeriod } = this.#options;
    const deadline = clock.now() + gracePeriod;
    this.#runtime.shuttingDown = true;
    this.#root.cancelWith(new CancelledError({ source: 'shutdown' }));
    await nextTurn(); // what failed in the last moment is reported, and what needs no time has ended
    try {
      await this.#within(clock, deadline, () => this.#joinAll());
    } catch (error) {
      this.#closeAll().catch((e: unknown) => this.#runtime.report({ message: 'an executor did not shut down in order', error: e }));
      throw error;
    }
    // Workers end in real time, whatever the clock of the run.
    await this.#within(realClock, clock === realClock ? deadline : realClock.now() + gracePeriod, () => this.#closeAll());
  }

  async #within(clock: Clock, deadline: number, work: () => Promise<void>): Promise<void> {
    let timer: Disposable | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = clock.setTimer(deadline, () => reject(this.#tooLate(deadline)));
        work().then(resolve, reject);
      });
    } finally {
      timer?.[Symbol.dispose]();
    }
  }

  async #joinAll(): Promise<void> {
    for (let tasks = tasksUnder(this.#root); tasks.length > 0; tasks = tasksUnder(this.#root)) {
      await Promise.all(tasks.map((t) => new Promise<void>((settled) => t.onSettled(() => settled()))));
      await nextTurn();
    }
  }

  /** Waits for all of them, also when one fails; the first error is thrown, the others are reported. */
  async #closeAll(): Promise<void> {
    this.#runtime.external++;
    const open = [...this.#runtime.closables];
    const ends = await Promise.allSettled(open.map(async (c) => c.shutdown({ cancelPending: true })));
    this.#runtime.external--;
    const errors = ends.flatMap((e) => (e.status === 'rejected' ? [e.reason as unknown] : []));
    for (const error of errors.slice(1)) this.#runtime.report({ message: 'an executor did not shut down in order', error });
    if (errors.length > 0) throw errors[0];
  }

  #tooLate(deadline: number): TimeoutError {
    return new TimeoutError(`run() could not end within its grace period of ${this.#options.gracePeriod} ms; ${this.#pending()}`, deadline);
  }

  #pending(): string {
    const tasks = tasksUnder(this.#root);
    if (tasks.length === 0) return 'no task is pending, but an executor has not shut down';
    const names = tasks.slice(0, 10).map((t) => `${JSON.stringify(t.name)} (${t.state}${waits(t)})`);
    return `still pending: ${names.join(', ')}${tasks.length > 10 ? ` and ${tasks.length - 10} more` : ''}`;
  }
}

/** Null is also the answer for a task that runs, or awaits a promise of somebody else: nothing is known, nothing is said. */
function waits(task: Task<unknown>): string {
  const on = waitingOn(task as TaskCore);
  return on === null ? '' : `, waiting for ${on}`;
}

function exitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
