/** What all executors over a pool of workers are: the public methods. What their workers are made of is told by `PoolKind`. */
import { abortable } from '../core/foreign.ts';
import { here } from '../core/scope.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Task } from '../core/task.ts';
import { register, unregister } from '../base/live.ts';
import { broadcast } from './broadcast.ts';
import { functionRef } from './callable.ts';
import type { KnownFunction } from './callable.ts';
import type { Executor, ExecutorStats, MapOptions, Offloaded, SubmitOptions } from './executor.ts';
import { plainJob } from './job.ts';
import { tellExecutorEnded } from './job-events.ts';
import type { MakeJob } from './job.ts';
import { mapJobs } from './map.ts';
import { resolveShutdown, resolveSubmitOptions } from './options.ts';
import type { PoolSettings } from './options.ts';
import { Pool } from './pool.ts';
import type { StartWorker } from './worker-handle.ts';
import { wrongType } from '../base/validate.ts';

type Fn = (...args: never[]) => unknown;

export class PoolExecutor implements Executor {
  readonly name: string;
  readonly #kind: ExecutorStats['kind'];
  readonly #pool: Pool;
  readonly #runtime: Runtime = here().runtime;
  readonly #startedAt: number = performance.now();
  #shutdown: Promise<void> | null = null;

  constructor(kind: ExecutorStats['kind'], settings: PoolSettings, start: StartWorker) {
    this.name = settings.name;
    this.#kind = kind;
    this.#pool = new Pool(settings, start, (context) => this.#runtime.report(context), kind);
    this.#runtime.closables.add(this);
    register('executor', this.name, this);
  }

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

  async warmup(): Promise<void> {
    const scope = here();
    if (scope.effective !== null) throw scope.interrupt();
    scope.runtime.external++; // a virtual clock must not jump meanwhile
    try {
      await abortable(this.#pool.warmup());
    } finally {
      scope.runtime.external--;
    }
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
    tellExecutorEnded(this.#pool.label, () => this.statistics());
  }

  statistics(): ExecutorStats {
    const { counters, census, settings } = this.#pool;
    const { completed, failed, cancelled, busyTime } = counters;
    const capacity = (performance.now() - this.#startedAt) * settings.max;
    return Object.freeze({
      kind: this.#kind,
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
