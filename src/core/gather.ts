/** Several sources at once, results in the order of the sources. */
import { CancelledError, isCancelled } from '../base/errors.ts';
import { checkBoolean, checkCount, ownOptions, wrongType } from '../base/validate.ts';
import { abortable } from './foreign.ts';
import { ambient, here, Scope } from './scope.ts';
import { isThenable } from './thenable.ts';
import type { Task, TaskContext, TaskFn } from './task.ts';

/** A function to call, or a task or promise to wait for. */
// eslint-disable-next-line typescript/no-explicit-any -- a source of anything; `unknown` would not infer through ResultOf
export type Source<T = any> = TaskFn<T> | Task<T> | PromiseLike<T>;
export type ResultOf<S> = S extends (...a: never[]) => infer R ? Awaited<R> : Awaited<S>;
export type Results<S extends readonly Source[]> = { -readonly [K in keyof S]: ResultOf<S[K]> };
export type Settled<S extends readonly Source[]> = { -readonly [K in keyof S]: PromiseSettledResult<ResultOf<S[K]>> };

export interface GatherOptions {
  /** How many functions run at once. Default: all. */
  limit?: number;
  /** Waits for all and resolves with `PromiseSettledResult` entries; errors do not cancel the others. */
  settle?: boolean;
}

/**
 * Runs or awaits all sources. The first failure cancels and joins the functions among them, then rejects with that error
 * itself; later errors go to the exception handler. Tasks and promises are only awaited: they are not cancelled.
 *
 * - Waits for: all functions to end, also after a failure.
 * - On cancel: the functions are cancelled and joined.
 * - Order: functions start in order, one microtask later; results stand in the order of the sources.
 * - Throws: the first error; CancelledError (also with `settle`).
 */
export function gather<const S extends readonly Source[]>(src: S, o?: { limit?: number; settle?: false }): Promise<Results<S>>;
export function gather<const S extends readonly Source[]>(src: S, o: { limit?: number; settle: true }): Promise<Settled<S>>;
export async function gather(src: readonly Source[], options?: GatherOptions): Promise<unknown[]> {
  const sources = checkSources(src);
  const o = ownOptions<GatherOptions>('options', options, ['limit', 'settle']);
  if (o.limit !== undefined) checkCount('options.limit', o.limit, 1, { infinite: true });
  if (o.settle !== undefined) checkBoolean('options.settle', o.settle);
  const parent = here();
  if (parent.effective !== null) {
    for (const s of sources) if (isThenable(s)) s.then(undefined, () => {});
    throw parent.interrupt();
  }
  return new Gathering(new Scope(parent, parent.runtime), sources, o.settle ?? false).run(o.limit ?? Infinity);
}

function checkSources(src: unknown): Source[] {
  if (typeof src !== 'object' || src === null || !(Symbol.iterator in src))
    throw wrongType('src', 'an array of functions, tasks or promises', src);
  const sources = [...(src as Iterable<unknown>)];
  sources.forEach((s, i) => {
    if (typeof s !== 'function' && !isThenable(s)) throw wrongType(`src[${i}]`, 'a function, a task or a promise', s);
  });
  return sources as Source[];
}

const NOW: Promise<void> = Promise.resolve();

class Gathering {
  readonly #scope: Scope;
  readonly #sources: readonly Source[];
  readonly #settle: boolean;
  readonly #results: unknown[];
  #next = 0;
  #failed = false;
  #error: unknown;

  constructor(scope: Scope, sources: readonly Source[], settle: boolean) {
    this.#scope = scope;
    this.#sources = sources;
    this.#settle = settle;
    this.#results = new Array<unknown>(sources.length);
  }

  async run(limit: number): Promise<unknown[]> {
    const awaited = new Map<PromiseLike<unknown>, PromiseLike<unknown>>();
    const lanes: Promise<void>[] = [];
    for (let i = 0; i < this.#sources.length; i++) {
      const s = this.#sources[i] as Source;
      if (typeof s !== 'function') lanes.push(this.#one(i, this.#scope, () => joinOnce(awaited, s)));
    }
    for (let n = Math.min(limit, this.#sources.length); n > 0; n--) lanes.push(this.#lane(Scope.lane(this.#scope)));
    await Promise.all(lanes);
    this.#scope.leave();
    if (this.#failed) throw this.#error;
    const reason = this.#scope.outer ?? (this.#settle ? null : this.#scope.own);
    if (reason !== null) throw reason;
    return this.#results;
  }

  /**
   * Takes the next function, runs it, and so on. Each starts in a microtask of its own: never inside the call of `gather`, and
   * in an async context that none of the others has changed.
   */
  async #lane(lane: Scope): Promise<void> {
    while (this.#next < this.#sources.length) {
      const i = this.#next++;
      const s = this.#sources[i] as Source;
      if (typeof s === 'function') await this.#one(i, lane, () => NOW.then(() => s(lane as unknown as TaskContext) as unknown));
    }
    lane.leave();
  }

  async #one(i: number, scope: Scope, start: () => PromiseLike<unknown>): Promise<void> {
    try {
      const value = await ambient.run(scope, start);
      this.#results[i] = this.#settle ? { status: 'fulfilled', value } : value;
    } catch (reason) {
      this.#results[i] = { status: 'rejected', reason };
      if (!this.#settle) this.#fail(reason, this.#sources[i] as Source);
    }
  }

  #fail(error: unknown, source: Source): void {
    if (isCancelled(error) && this.#scope.effective !== null) return; // the echo of a cancellation is no failure
    if (!this.#failed) {
      this.#failed = true;
      this.#error = error;
      this.#scope.cancelWith(new CancelledError({ source: 'sibling', reason: error, by: nameOf(source) }));
    } else this.#scope.runtime.report({ message: 'Another error in gather', error });
  }
}

function nameOf(source: Source): string | undefined {
  return (source as { name?: string }).name || undefined;
}

/** The same task or promise given twice is awaited once. Our own tasks are cancellable waits already. */
function joinOnce(awaited: Map<PromiseLike<unknown>, PromiseLike<unknown>>, source: PromiseLike<unknown>): PromiseLike<unknown> {
  const known = awaited.get(source);
  if (known !== undefined) return known;
  const joined = source instanceof Scope ? source.then(undefined, undefined) : abortable(source);
  awaited.set(source, joined);
  return joined;
}
