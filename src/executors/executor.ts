/**
 * The contract of every executor, and of functions that run off the loop. One call shape for all of them; each option that
 * differs in its consequence names the consequence.
 */
import type { MaybePromise, Task } from '../core/task.ts';
import type { FunctionStats } from './function-stats.ts';
import type { Percentiles } from './percentiles.ts';

/** A function that runs elsewhere. Calling it submits to the default executor. Inside a worker the call runs in place. */
export interface Offloaded<A extends unknown[], R> {
  (...args: A): Task<R>;
  /** The same function with other settings or another executor. */
  with(o: SubmitOptions & { executor?: Executor }): (...args: A) => Task<R>;
  /** Runs here, on this loop. */
  local(...args: A): MaybePromise<R>;
  /** How a worker finds the function: the URL of its module, and its name or place in it. */
  readonly module: string;
  readonly export: string;
}

/**
 * A generator that runs elsewhere; what it yields comes here ahead of the consumer, as far as `highWaterMark` allows.
 * The worker begins with the first `next()`. Inside a worker the call runs in place.
 *
 * - Waits for: `next()` waits for an item.
 * - On cancel: the generator is stopped as `onCancel` says, its `finally` blocks run, and then `next()` throws. A stream ends with
 *   the scope that made it.
 * - Order: as yielded; several `next()` under way are served in order.
 * - Throws: what the generator throws, WorkerDiedError and so on, after the items that came before.
 */
export interface OffloadedStream<A extends unknown[], Y> {
  (...args: A): AsyncIterableIterator<Y> & AsyncDisposable;
  /** The same generator with other settings or another executor. `highWaterMark`: items that may be ahead of the consumer, default 256. */
  with(o: SubmitOptions & { executor?: Executor; highWaterMark?: number }): (...args: A) => AsyncIterableIterator<Y> & AsyncDisposable;
  readonly module: string;
  readonly export: string;
}

/** What `offload` makes of a function. */
export type OffloadedFn<F extends (...a: any[]) => unknown> = [ReturnType<F>] extends [never]
  ? Offloaded<Parameters<F>, never>
  : ReturnType<F> extends AsyncGenerator<infer Y> | Generator<infer Y>
    ? OffloadedStream<Parameters<F>, Y>
    : Offloaded<Parameters<F>, Awaited<ReturnType<F>>>;

/** Cancelling always removes a queued job, and always raises the running job's signal and flag; then: */
export type OnCancel =
  | 'terminate' // default: after `grace` milliseconds the worker is killed
  | 'wait' // waits until the job ends by itself
  | 'abandon'; // stops waiting at once; the worker stays taken until the job really ends

/** How one job is to run. */
export interface SubmitOptions {
  /** Shown in errors, statistics and reports. Default: the function's name. */
  name?: string;
  /** What happens when the running job is cancelled. Default: 'terminate'. */
  onCancel?: OnCancel;
  /** Milliseconds between asking a running job to stop and killing its worker. Default 1,000. */
  grace?: number;
  /** Milliseconds from the start of the function (its worker has started, its module is loaded); then it is cancelled and rejects with TimeoutError. */
  timeout?: number;
  /** Milliseconds from submit to start; then it rejects with TimeoutError and never runs. */
  queueTimeout?: number;
  /** Lower runs first; first come, first served within one. Default 0. */
  priority?: number;
  /** Jobs of one key run in the same worker, as long as it lives. */
  affinity?: string;
  /** Aborting it cancels the job. */
  signal?: AbortSignal;
  /** Called with what the job passes to `progress()`. */
  onProgress?: (p: unknown) => void;
  /** Running it twice does no harm: when its worker dies, it runs once more in another. Default false. */
  idempotent?: boolean;
}

/** How the jobs of a `map` are to run, and how many at once. */
export interface MapOptions extends SubmitOptions {
  /** How many items are submitted ahead of the consumer. Default: twice the number of workers. */
  limit?: number;
  /** False: results in order of completion. Default: in the order of the items. */
  ordered?: boolean;
  /**
   * Called after each result; `total` is known for arrays, sets and maps. True draws a bar on stderr; where that is no terminal,
   * it writes a line every ten seconds and one at the end.
   */
  progress?: boolean | ((done: number, total: number | undefined) => void);
}

/** The figures of an executor since it was made. Times in milliseconds. */
export interface ExecutorStats {
  kind: 'thread' | 'process' | 'inline' | 'remote';
  workers: number;
  busy: number;
  idle: number;
  queued: number;
  running: number;
  completed: number;
  failed: number;
  cancelled: number;
  /** Workers that were started to replace one that died or was killed. */
  respawned: number;
  /** Workers that were replaced because they had served long enough: `recycleAfterJobs`, `recycleAboveHeapMb`. */
  recycled: number;
  waitTime: Percentiles;
  runTime: Percentiles;
  /** The same for each function, or each `name` that jobs were given; above a thousand names, the rest as '(others)'. */
  functions: Readonly<Record<string, FunctionStats>>;
  /** Share of the workers' time spent running jobs, since the executor was made: 0 to 1. */
  utilization: number;
}

/** Where functions run off the loop. Leaving `await using` shuts it down; so does the end of the `run()` it was made in. */
export interface Executor extends AsyncDisposable {
  /**
   * Runs `fn(...args)` in a worker.
   *
   * - Waits for: nothing; the task settles when the job has ended.
   * - On cancel: a queued job never runs; a running one is stopped as `onCancel` says.
   * - Order: first come, first served within one priority.
   * - Throws: nothing; the task rejects with what the function throws, WorkerDiedError, NotCloneableError, ExecutorFullError,
   *   TimeoutError, or InvalidStateError after shutdown.
   */
  submit<A extends unknown[], R>(fn: Offloaded<A, R> | ((...a: A) => R), args: A, o?: SubmitOptions): Task<Awaited<R>>;
  /**
   * Runs `fn` for each item: pulls `items` lazily, with bounded look-ahead, and stops when the consumer does.
   *
   * - Waits for: `next()` waits for a result; leaving the loop waits until the jobs under way have ended.
   * - On cancel: cancels the jobs under way, closes `items`, and throws when they have ended.
   * - Order: of the items; with `ordered: false`, of completion.
   * - Throws: what `fn` or `items` throws, after the results of the items before (ordered); everything that `submit` may reject with.
   */
  map<A, R>(
    fn: Offloaded<[A], R> | ((a: A) => R),
    items: Iterable<A> | AsyncIterable<A>,
    o?: MapOptions,
  ): AsyncIterableIterator<Awaited<R>> & AsyncDisposable;
  /**
   * Runs `fn(...args)` once in every worker there is; when there is none yet, all are started first, as by `warmup()`. Workers that
   * are started later do not run it: that is what `init` is for.
   *
   * - Waits for: all of these jobs. Resolves with their results in the order in which the workers were started.
   * - On cancel: cancels all of them, and waits until they have ended.
   * - Order: in each worker after the jobs that were submitted before; `maxQueue` does not count.
   * - Throws: the error that came first, when all have ended. WorkerDiedError for a worker that is gone before its turn came.
   */
  broadcast<A extends unknown[], R>(fn: Offloaded<A, R>, args: A): Promise<Awaited<R>[]>;
  /**
   * Starts all workers there may be.
   *
   * - Waits for: each of them to be ready: it has loaded `preload` and run `init`.
   * - On cancel: throws at once; workers that are starting go on with it.
   * - Order: all at once.
   * - Throws: WorkerDiedError when a worker cannot get ready, or is ended by `shutdown` meanwhile; InvalidStateError after shutdown.
   */
  warmup(): Promise<void>;
  /**
   * Refuses new jobs from now on. `cancelPending` cancels jobs that have not started; `timeout` (milliseconds) cancels and kills
   * what is left then, with a warning.
   *
   * - Waits for: all jobs that were accepted; then until the workers have run `teardown` and are gone.
   * - On cancel: not a checkpoint, and not cancelled: releasing must work in a cancelled scope.
   * - Order: accepted jobs run as ever; every caller of `shutdown` waits for the same end.
   * - Throws: nothing but TypeError or RangeError for bad options.
   */
  shutdown(o?: { timeout?: number; cancelPending?: boolean }): Promise<void>;
  /** A frozen copy of the figures at this moment. Workers that are still starting are neither `busy` nor `idle`, unless a job waits in them. */
  statistics(): ExecutorStats;
}

/** Of a pool of threads or processes. */
export interface PoolOptions {
  /** Workers that are kept. Default 0: started on demand. */
  min?: number;
  /** Default: `os.availableParallelism()`, or `min` if that is more. */
  max?: number;
  /** Milliseconds after which an idle worker above `min` ends. Default 30,000; Infinity = never. */
  idleTimeout?: number;
  /** Jobs that may wait for a worker. Default Infinity. */
  maxQueue?: number;
  /** A job above `maxQueue` waits for a place in the queue (default), or is refused with ExecutorFullError. */
  onFull?: 'wait' | 'reject';
  /** Shown in errors, statistics and reports. */
  name?: string;
  /** Runs once in each worker before its first job. */
  init?: Offloaded<[], unknown>;
  /** Runs in each worker that ends in order. */
  teardown?: Offloaded<[], unknown>;
  /** Modules that each worker imports before its first job. */
  preload?: readonly (string | URL)[];
  /**
   * A worker is replaced after so many jobs, teardown included. With several workers about so many: limits are spread downwards by up
   * to a quarter, and a worker may do up to half as many jobs more while another one is still starting, so that they are never replaced all at once.
   * 1 = a fresh worker for every job. Default: never.
   */
  recycleAfterJobs?: number;
  /** A worker is replaced when more than this is in use on its heap after a job, garbage included. Default: never. */
  recycleAboveHeapMb?: number;
  resourceLimits?: { maxOldGenerationSizeMb?: number; maxYoungGenerationSizeMb?: number; stackSizeMb?: number };
  /** The workers' `process.env`. Default: a copy of this one. */
  env?: NodeJS.ProcessEnv;
  /** Node flags of the workers. Default: this process's, less those that do not work in a worker. */
  execArgv?: readonly string[];
}
