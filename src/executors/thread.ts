/** Functions in worker threads of this process. The far side is `workers/thread.ts`. */
import { here } from '../core/scope.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Task } from '../core/task.ts';
import { register, unregister } from '../base/live.ts';
import { broadcast } from './broadcast.ts';
import { functionRef } from './callable.ts';
import type { KnownFunction } from './callable.ts';
import type { Executor, ExecutorStats, MapOptions, Offloaded, PoolOptions, SubmitOptions } from './executor.ts';
import { Job } from './job.ts';
import { mapJobs } from './map.ts';
import { resolvePoolOptions, resolveShutdown, resolveSubmitOptions } from './options.ts';
import { Pool } from './pool.ts';
import { ThreadWorker } from './thread-worker.ts';
import { workerHints } from './worker-flags.ts';
import { wrongType } from '../base/validate.ts';

type Fn = (...args: never[]) => unknown;

export class ThreadPoolExecutor implements Executor {
  readonly name: string;
  readonly #pool: Pool;
  readonly #runtime: Runtime = here().runtime;
  readonly #startedAt: number = performance.now();
  #shutdown: Promise<void> | null = null;

  constructor(options?: PoolOptions) {
    const settings = resolvePoolOptions(options, 'ThreadPoolExecutor');
    const { preload, init, teardown } = settings;
    const watchHeap = settings.recycleAboveHeapMb !== Infinity;
    const hello = { hints: workerHints(), preload, init, teardown, watchHeap };
    this.name = settings.name;
    this.#pool = new Pool(
      settings,
      (listener) => new ThreadWorker(settings, hello, listener),
      (context) => this.#runtime.report(context),
    );
    this.#runtime.closables.add(this);
    register('executor', this.name, this);
  }

  submit<A extends unknown[], R>(fn: Offloaded<A, R> | ((...a: A) => R), args: A, options?: SubmitOptions): Task<Awaited<R>> {
    // oxlint-disable-next-line typescript/unbound-method -- it is not called: stacks end at its caller
    return this.submitFrom(this.submit, fn, args, options) as Task<Awaited<R>>;
  }

  /** As `submit`; the stacks of its errors end at the caller of `below`. @internal */
  submitFrom(below: Fn, fn: Fn, args: readonly unknown[], options?: SubmitOptions): Task<unknown> {
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
    const job = new Job(scope, this.#pool, known, args, settings, below);
    if (refusal === null) this.#pool.submit(job);
    else job.end({ ok: false, error: refusal.error });
    return job;
  }

  map<A, R>(
    fn: Offloaded<[A], R> | ((a: A) => R),
    items: Iterable<A> | AsyncIterable<A>,
    options?: MapOptions,
  ): AsyncIterableIterator<Awaited<R>> & AsyncDisposable {
    const submit = (item: A, o: SubmitOptions, below: Fn): Task<unknown> => this.submitFrom(below, fn, [item], o);
    return mapJobs(submit, fn as Fn, items, options, 2 * this.#pool.settings.max) as AsyncIterableIterator<Awaited<R>> & AsyncDisposable;
  }

  broadcast<A extends unknown[], R>(fn: Offloaded<A, R>, args: A): Promise<Awaited<R>[]> {
    // oxlint-disable-next-line typescript/unbound-method -- it is not called: stacks end at its caller
    return broadcast(this.#pool, fn as Fn, args, this.broadcast) as Promise<Awaited<R>[]>;
  }

  warmup(): Promise<void> {
    const { effective } = here();
    return effective === null ? this.#pool.warmup() : Promise.reject(effective);
  }

  async shutdown(options?: { timeout?: number; cancelPending?: boolean }): Promise<void> {
    const { timeout, cancelPending } = resolveShutdown(options);
    const again = this.#shutdown !== null;
    const done = this.#pool.shutdown(timeout, cancelPending);
    if (!again) this.#shutdown = done.finally(() => this.#released());
    await done;
    await this.#shutdown;
  }

  #released(): void {
    this.#runtime.closables.delete(this);
    unregister('executor', this);
  }

  statistics(): ExecutorStats {
    const { counters, census, settings } = this.#pool;
    const { completed, failed, cancelled, busyTime } = counters;
    const capacity = (performance.now() - this.#startedAt) * settings.max;
    return Object.freeze({
      kind: 'thread',
      ...census,
      completed,
      failed,
      cancelled,
      waitTime: counters.waitTime,
      runTime: counters.runTime,
      functions: counters.functions,
      utilization: Math.min(1, busyTime / capacity),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  toString(): string {
    const { workers, busy, queued } = this.#pool.census;
    return `<${this.name}: ${workers} workers, ${busy} busy, ${queued} queued>`;
  }
}

/** Stands in for a function that was refused, so that the refusal has a task to reject. */
const unusable: KnownFunction = { id: 0, ref: { source: '', name: '' }, name: '' };
