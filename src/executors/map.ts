/** `executor.map`: pulls items lazily with bounded look-ahead, yields results in order or as they come, stops with its consumer. */
import { QueueShutDown } from '../base/errors.ts';
import { checkBoolean, checkCount, checkFunction, ownOptions, wrongType } from '../base/validate.ts';
import { Ring } from '../base/ring.ts';
import { here } from '../core/scope.ts';
import type { Task } from '../core/task.ts';
import { parkIn, WaitQueue } from '../core/waiter.ts';
import type { MapOptions, SubmitOptions } from './executor.ts';
import { resolveSubmitOptions, submitKeys } from './options.ts';

type Submit<A> = (item: A, options: SubmitOptions) => Task<unknown>;
type Result = AsyncIterableIterator<unknown> & AsyncDisposable;

export function mapJobs<A>(submit: Submit<A>, fn: unknown, items: Iterable<A> | AsyncIterable<A>, options: MapOptions | undefined, lookAhead: number): Result {
  checkFunction('fn', fn);
  const o = ownOptions<MapOptions>('options', options, [...submitKeys, 'limit', 'ordered', 'progress']);
  if (o.limit !== undefined) checkCount('options.limit', o.limit, 1);
  if (o.ordered !== undefined) checkBoolean('options.ordered', o.ordered);
  if (o.progress !== undefined) checkFunction('options.progress', o.progress);
  const { limit, ordered, progress, ...settings } = o;
  resolveSubmitOptions(settings);
  const pull = puller(items);
  return new JobMap(submit, pull, { ...settings }, limit ?? lookAhead, ordered ?? true, progress);
}

interface Puller<A> {
  /** The next item, or a promise of it. */
  next(): IteratorResult<A, unknown> | Promise<IteratorResult<A, unknown>>;
  close(): unknown;
  readonly total: number | undefined;
}

function puller<A>(items: Iterable<A> | AsyncIterable<A>): Puller<A> {
  const given = items as Partial<Iterable<A> & AsyncIterable<A> & { length: number; size: number }> | null | undefined;
  const total = Array.isArray(items) ? items.length : items instanceof Set || items instanceof Map ? items.size : undefined;
  const open = given?.[Symbol.asyncIterator] ?? given?.[Symbol.iterator];
  if (typeof open !== 'function') throw wrongType('items', 'an iterable or async iterable', items);
  const it = (open as () => Iterator<A> | AsyncIterator<A>).call(items);
  return { next: () => it.next() as IteratorResult<A, unknown>, close: () => it.return?.(), total };
}

class JobMap<A> implements Result {
  readonly #submit: Submit<A>;
  readonly #items: Puller<A>;
  readonly #settings: SubmitOptions;
  readonly #limit: number;
  readonly #ordered: boolean;
  readonly #progress: MapOptions['progress'];
  readonly #line = new Ring<Task<unknown>>(); // ordered: as submitted; else: as settled
  readonly #running = new Set<Task<unknown>>();
  readonly #consumers = new WaitQueue<void, void>();
  #done = 0;
  #ended = false; // no more items
  #pulling = false;
  #closed = false;
  #failure: { error: unknown } | null = null;

  constructor(submit: Submit<A>, items: Puller<A>, settings: SubmitOptions, limit: number, ordered: boolean, progress: MapOptions['progress']) {
    this.#submit = submit;
    this.#items = items;
    this.#settings = settings;
    this.#limit = limit;
    this.#ordered = ordered;
    this.#progress = progress;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    for (;;) {
      const { effective } = here();
      if (effective !== null) await this.#stop({ error: effective });
      if (this.#closed) return { done: true, value: undefined };
      this.#fill();
      if (this.#ready()) return { done: false, value: await this.#take() };
      if (this.#failure !== null) await this.#stop(this.#failure);
      if (this.#ended && this.#running.size === 0) return await this.#stop(null);
      await parkIn(this.#consumers, undefined).catch((error: unknown) => this.#stop({ error }));
    }
  }

  #ready(): boolean {
    return this.#line.size > 0 && (!this.#ordered || (this.#line.first as Task<unknown>).settled);
  }

  async #take(): Promise<unknown> {
    const task = this.#line.shift();
    const error = task.error();
    if (error !== undefined || task.state !== 'done') await this.#stop({ error });
    this.#progress?.(++this.#done, this.#items.total);
    return task.result();
  }

  /** Submits items until enough are under way. */
  #fill(): void {
    while (!this.#pulling && !this.#ended && !this.#closed && this.#running.size + this.#line.size - this.#overlap() < this.#limit) {
      try {
        const next = this.#items.next();
        if (next instanceof Promise) return this.#await(next);
        this.#accept(next);
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  /** Ordered results stand in the line while they run: they must not count twice. */
  #overlap(): number {
    return this.#ordered ? this.#running.size : 0;
  }

  #await(next: Promise<IteratorResult<A, unknown>>): void {
    this.#pulling = true;
    const go = (step: () => void): void => {
      this.#pulling = false;
      if (this.#closed) return;
      step();
      this.#fill();
      this.#wake();
    };
    next.then(
      (result) => go(() => this.#accept(result)),
      (error: unknown) => go(() => this.#fail(error)),
    );
  }

  #accept(next: IteratorResult<A, unknown>): void {
    if (next.done === true) {
      this.#ended = true;
      return;
    }
    const task = this.#submit(next.value, this.#settings);
    this.#running.add(task);
    if (this.#ordered) this.#line.push(task);
    task.onSettled(() => {
      this.#running.delete(task);
      if (task.state === 'failed') task.error(); // ours to report
      if (!this.#ordered) this.#line.push(task);
      this.#wake();
    });
  }

  #fail(error: unknown): void {
    this.#ended = true;
    this.#failure ??= { error };
  }

  #wake(): void {
    this.#consumers.shift()?.grant(undefined);
  }

  /** Ends the iteration: no more items, no more jobs. Throws `failure`, if there is one, when the jobs have ended. */
  async #stop(failure: { error: unknown } | null): Promise<{ done: true; value: undefined }> {
    if (!this.#closed) {
      this.#closed = true;
      const running = [...this.#running];
      for (const task of running) task.cancel(failure?.error ?? new QueueShutDown('the consumer of map() has stopped'));
      await Promise.all(running.map((task) => new Promise<void>((settled) => task.onSettled(() => settled()))));
      if (!this.#ended) await this.#items.close();
    }
    if (failure !== null) throw failure.error;
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    return this.#stop(null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop(null);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
