/**
 * Entry 'offloop/remote': the same functions on other machines, through a queue on Redis or Valkey. The far side is
 * `offloop worker`, or `startRemoteWorker` here.
 *
 * What it promises: each accepted job runs at least once, and its task settles exactly once. What it cannot do is told by
 * RemoteUnsupportedError: inline functions (code never travels), callbacks, a job for each worker. Memory marked by `move()` is
 * copied; SharedArrayBuffers, ports and other live objects are refused with NotCloneableError.
 *
 * @module offloop/remote
 */
import { here } from '../core/scope.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Task } from '../core/task.ts';
import { register, unregister } from '../base/live.ts';
import { RemoteUnsupportedError } from '../base/remote-errors.ts';
import { wrongType } from '../base/validate.ts';
import { functionRef } from './callable.ts';
import type { Executor, ExecutorStats, MapOptions, Offloaded, SubmitOptions } from './executor.ts';
import { plainJob } from './job.ts';
import type { MakeJob } from './job.ts';
import { mapJobs } from './map.ts';
import { resolveShutdown, resolveSubmitOptions } from './options.ts';
import { resolveRemoteOptions } from './remote-options.ts';
import type { RemoteOptions } from './remote-options.ts';
import { RemotePool } from './remote-pool.ts';

export type { BlobStore } from './remote-blobs.ts';
export type { RemoteOptions } from './remote-options.ts';
export { RemoteJobLostError, RemoteRefusedError, RemoteUnavailableError, RemoteUnsupportedError } from '../base/remote-errors.ts';
export { startRemoteWorker } from './remote-worker.ts';
export type { RemoteWorker, RemoteWorkerOptions } from './remote-worker.ts';

type Fn = (...args: never[]) => unknown;

export class RemoteExecutor implements Executor {
  readonly name: string;
  readonly #pool: RemotePool;
  readonly #runtime: Runtime = here().runtime;
  #shutdown: Promise<void> | null = null;

  /** Connects at once, and again whenever the connection is lost. An executor without jobs does not keep the process alive. */
  constructor(options: RemoteOptions) {
    const settings = resolveRemoteOptions(options);
    this.name = settings.name;
    this.#pool = new RemotePool(settings);
    this.#runtime.closables.add(this);
    register('executor', this.name, this);
  }

  /**
   * Runs `fn(...args)` on a worker of the pool. The function must be defined with `offload()` in a module that the workers were
   * started with.
   *
   * - Waits for: nothing; the task settles when the job has ended.
   * - On cancel: a waiting job is taken out of the queue; a running one is stopped by its worker as `onCancel` says.
   * - Order: first come, first served within one priority, over all submitters of the pool. Priorities are rounded to whole numbers.
   * - Throws: nothing; the task rejects with what the function throws, or with RemoteJobLostError, RemoteUnavailableError,
   *   RemoteRefusedError, RemoteUnsupportedError, WorkerDiedError, FunctionNotFoundError, NotCloneableError, TimeoutError,
   *   InvalidStateError after shutdown.
   */
  submit<A extends unknown[], R>(fn: Offloaded<A, R> | ((...a: A) => R), args: A, options?: SubmitOptions): Task<Awaited<R>> {
    // oxlint-disable-next-line typescript/unbound-method -- it is not called: stacks end at its caller
    return this.submitFrom(this.submit, fn, args, options) as Task<Awaited<R>>;
  }

  /** As `submit`; the stacks of its errors end at the caller of `below`. @internal */
  submitFrom(below: Fn, fn: Fn, args: readonly unknown[], options?: SubmitOptions, make: MakeJob = plainJob): Task<unknown> {
    const scope = here();
    let known = unusable;
    let settings = resolveSubmitOptions(undefined);
    let refusal: { error: unknown } | null = null;
    try {
      known = functionRef(fn);
      if (!Array.isArray(args)) throw wrongType('args', 'an array of arguments', args);
      settings = resolveSubmitOptions(options);
    } catch (error) {
      refusal = { error };
    }
    const job = make([scope, this.#pool, known, args, settings, below]);
    if (refusal === null) this.#pool.submit(job);
    else job.end({ ok: false, error: refusal.error });
    return job;
  }

  /** As with every executor. Never more than `limit` items (default: `lookAhead` of the executor) are in the queue at once. */
  map<A, R>(
    fn: Offloaded<[A], R> | ((a: A) => R),
    items: Iterable<A> | AsyncIterable<A>,
    options?: MapOptions,
  ): AsyncIterableIterator<Awaited<R>> & AsyncDisposable {
    const submit = (item: A, o: SubmitOptions, below: Fn): Task<unknown> => this.submitFrom(below, fn, [item], o);
    return mapJobs(submit, fn as Fn, items, options, this.#pool.settings.lookAhead) as AsyncIterableIterator<Awaited<R>> & AsyncDisposable;
  }

  /** Refused: workers come and go on other machines, and nobody could say what "every worker" was. */
  broadcast<A extends unknown[], R>(_fn: Offloaded<A, R>, _args: A): Promise<Awaited<R>[]> {
    const why = 'a queue has no address for a single worker; start workers with an init function, or submit jobs';
    return Promise.reject(new RemoteUnsupportedError(`${this.name} cannot run a function once in every worker: ${why}`));
  }

  /** Resolves when the server answers and at least one worker serves the pool: workers are started by whoever runs the machines. */
  warmup(): Promise<void> {
    const { effective } = here();
    return effective === null ? this.#pool.warmup() : Promise.reject(effective);
  }

  /** Refuses new jobs, waits for those that were accepted, then disconnects. The workers go on. */
  async shutdown(options?: { timeout?: number; cancelPending?: boolean }): Promise<void> {
    const { timeout, cancelPending } = resolveShutdown(options);
    const again = this.#shutdown !== null;
    if (!again) this.#shutdown = this.#pool.shutdown(timeout, cancelPending).finally(() => this.#released());
    else if (cancelPending || timeout !== Infinity) await this.#pool.hasten(timeout, cancelPending);
    await this.#shutdown;
  }

  #released(): void {
    this.#runtime.closables.delete(this);
    unregister('executor', this);
  }

  /** `workers`, `busy` and `idle` count threads of all workers of the pool, by what they said of themselves in the last seconds; the rest are this executor's own jobs. */
  statistics(): ExecutorStats {
    const { counters, census, workers } = this.#pool;
    const threads = workers.reduce((sum, { concurrency }) => sum + concurrency, 0);
    const busy = workers.reduce((sum, worker) => sum + worker.busy, 0);
    return Object.freeze({
      kind: 'remote',
      workers: threads,
      busy,
      idle: threads - busy,
      ...census,
      completed: counters.completed,
      failed: counters.failed,
      cancelled: counters.cancelled,
      respawned: 0,
      recycled: 0,
      waitTime: counters.waitTime,
      runTime: counters.runTime,
      functions: counters.functions,
      utilization: threads === 0 ? 0 : Math.min(1, busy / threads),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  toString(): string {
    const { queued, running } = this.#pool.census;
    return `<${this.name}: ${queued} queued, ${running} running on ${this.#pool.link.connections.shown}>`;
  }
}

/** Stands in for a function that was refused, so that the refusal has a task to reject. */
const unusable: ReturnType<typeof functionRef> = { id: 0, ref: { source: '', name: '' }, name: '' };
