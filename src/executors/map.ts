/** `executor.map`: pulls items lazily with bounded look-ahead, yields results in order or as they come, stops with its consumer. */
import { CancelledError, isCancelled } from '../base/errors.ts';
import { checkBoolean, checkCount, checkFunction, ownOptions, wrongType } from '../base/validate.ts';
import { Ring } from '../base/ring.ts';
import { linkSignal } from '../core/link-signal.ts';
import { ambient, here, Scope } from '../core/scope.ts';
import { isThenable } from '../core/thenable.ts';
import type { Task } from '../core/task.ts';
import { parkIn, WaitQueue } from '../core/waiter.ts';
import type { MapOptions, SubmitOptions } from './executor.ts';
import { resolveSubmitOptions, submitKeys } from './options.ts';
import { progressBar } from './progress-bar.ts';
import type { Progress } from './progress-bar.ts';

/** The stacks of its errors end at the caller of `below`. */
type Submit<A> = (item: A, options: SubmitOptions, below: (...args: never[]) => unknown) => Task<unknown>;
type Result = AsyncIterableIterator<unknown> & AsyncDisposable;

export function mapJobs<A>(
  submit: Submit<A>,
  fn: unknown,
  items: Iterable<A> | AsyncIterable<A>,
  options: MapOptions | undefined,
  lookAhead: number,
): Result {
  checkFunction('fn', fn);
  const o = ownOptions<MapOptions>('options', options, [...submitKeys, 'limit', 'ordered', 'progress']);
  if (o.limit !== undefined) checkCount('options.limit', o.limit, 1);
  if (o.ordered !== undefined) checkBoolean('options.ordered', o.ordered);
  if (o.progress !== undefined && typeof o.progress !== 'boolean') checkProgress(o.progress);
  resolveSubmitOptions(withoutMapOptions(o));
  // One listener for all jobs: Node warns of a leak when a signal has more than ten.
  const { limit, ordered, progress, signal, ...settings } = o;
  const pull = puller(items);
  return new JobMap(submit, pull, { settings: { ...settings }, limit: limit ?? lookAhead, ordered: ordered ?? true, progress, signal });
}

function checkProgress(progress: unknown): void {
  if (typeof progress !== 'function') throw wrongType('options.progress', 'a boolean or a function', progress);
}

interface Puller<A> {
  /** The next item, or a promise of it. */
  next(): IteratorResult<A, unknown> | PromiseLike<IteratorResult<A, unknown>>;
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

interface MapSettings {
  readonly settings: SubmitOptions;
  readonly limit: number;
  readonly ordered: boolean;
  readonly progress: MapOptions['progress'];
  readonly signal: AbortSignal | undefined;
}

function withoutMapOptions({ limit: _, ordered: _o, progress: _p, ...settings }: Partial<MapOptions>): SubmitOptions {
  return settings;
}

/** Why jobs are stopped that nobody will ask for any more. */
function reasonOf(failure: { error: unknown } | null): CancelledError {
  if (failure === null) return new CancelledError({ source: 'explicit', reason: 'the consumer of map() has stopped' });
  return isCancelled(failure.error) ? failure.error : new CancelledError({ source: 'sibling', reason: failure.error });
}

class JobMap<A> implements Result {
  readonly #submit: Submit<A>;
  readonly #items: Puller<A>;
  readonly #o: MapSettings;
  readonly #line = new Ring<Task<unknown>>(); // ordered: as submitted; else: as settled
  readonly #running = new Set<Task<unknown>>();
  readonly #consumers = new WaitQueue<void, void>('Executor.map');
  #scope: Scope | null = null; // of the jobs and of the pulls, so that a source which waits stops as well
  #unlink: (() => void) | null = null;
  #done = 0;
  #bar: Progress | null = null;
  #ended = false; // no more items
  #pull: Promise<void> | null = null;
  #closed = false;
  #stopping: Promise<void> | null = null;
  #failure: { error: unknown } | null = null;

  constructor(submit: Submit<A>, items: Puller<A>, settings: MapSettings) {
    this.#submit = submit;
    this.#items = items;
    this.#o = settings;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    for (;;) {
      const reason = here().effective ?? (this.#closed ? null : this.#open().effective);
      if (reason !== null) await this.#stop({ error: reason });
      if (this.#closed) return { done: true, value: undefined };
      this.#fill(this.#open());
      if (this.#ready()) return { done: false, value: await this.#take() };
      // The source failed at its place: the results of the items before have been handed out.
      if (this.#ended && this.#running.size === 0) return await this.#stop(this.#failure);
      await parkIn(this.#consumers, undefined).catch((error: unknown) => this.#stop({ error }));
    }
  }

  #open(): Scope {
    if (this.#scope === null) {
      const around = here();
      this.#scope = new Scope(around, around.runtime);
      if (this.#o.progress === true) this.#bar = progressBar(this.#items.total);
      if (this.#o.signal !== undefined) this.#unlink = linkSignal(this.#o.signal, this.#scope);
    }
    return this.#scope;
  }

  #ready(): boolean {
    return this.#line.size > 0 && (!this.#o.ordered || (this.#line.first as Task<unknown>).settled);
  }

  async #take(): Promise<unknown> {
    const task = this.#line.shift();
    try {
      const value = task.result();
      this.#tell(++this.#done);
      return value;
    } catch (error) {
      await this.#stop({ error });
      throw error;
    }
  }

  #tell(done: number): void {
    const { progress } = this.#o;
    if (this.#bar !== null) this.#bar.done = done;
    else if (typeof progress === 'function') progress(done, this.#items.total);
  }

  /** Submits items until enough are under way. */
  #fill(scope: Scope): void {
    while (this.#pull === null && !this.#ended && !this.#closed && this.#underWay < this.#o.limit) {
      try {
        const next = ambient.run(scope, () => this.#items.next());
        if (isThenable(next)) this.#pull = this.#await(next, scope);
        else this.#accept(next, scope);
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  /** Results that wait to be taken count too, or a slow consumer would pile them up. Ordered ones stand in the line while they run. */
  get #underWay(): number {
    return this.#o.ordered ? this.#line.size : this.#line.size + this.#running.size;
  }

  /** Never rejects. */
  async #await(next: PromiseLike<IteratorResult<A, unknown>>, scope: Scope): Promise<void> {
    try {
      const result = await next;
      if (!this.#closed) this.#accept(result, scope);
    } catch (error) {
      this.#fail(error);
    }
    this.#pull = null;
    this.#fill(scope);
    this.#wake();
  }

  #accept(next: IteratorResult<A, unknown>, scope: Scope): void {
    if (next.done === true) {
      this.#ended = true;
      return;
    }
    // oxlint-disable-next-line typescript/unbound-method -- it is not called: the line to show is the consumer's
    const task = ambient.run(scope, () => this.#submit(next.value, this.#o.settings, this.next));
    this.#running.add(task);
    if (this.#o.ordered) this.#line.push(task);
    task.onSettled(() => {
      this.#running.delete(task);
      if (task.state === 'failed') task.error(); // ours to report
      if (!this.#o.ordered) this.#line.push(task);
      this.#wake();
    });
  }

  #fail(error: unknown): void {
    this.#ended = true;
    this.#failure ??= { error };
  }

  /** All of them: whoever calls `next()` while another call waits must not miss its turn. */
  #wake(): void {
    for (let c = this.#consumers.shift(); c !== null; c = this.#consumers.shift()) c.grant(undefined);
  }

  /** Ends the iteration: no more items, no more jobs. Throws `failure`, if there is one, when the jobs have ended. */
  async #stop(failure: { error: unknown } | null): Promise<{ done: true; value: undefined }> {
    this.#closed = true;
    await (this.#stopping ??= this.#end(failure));
    if (failure !== null) throw failure.error;
    return { done: true, value: undefined };
  }

  async #end(failure: { error: unknown } | null): Promise<void> {
    this.#scope?.cancelWith(reasonOf(failure));
    const settled = [...this.#running].map((task) => new Promise<void>((resolve) => task.onSettled(() => resolve())));
    // Closed first: that may be what ends a pull. (An async generator closes only when its pull is over.)
    const closing = this.#ended ? null : this.#close();
    await Promise.all(settled);
    await this.#pull;
    await closing;
    await this.#bar?.end().catch((error: unknown) => here().runtime.report({ message: 'The bar of executor.map failed', error }));
    this.#unlink?.();
    this.#scope?.leave();
    this.#wake();
    this.#reportRest(failure);
  }

  async #close(): Promise<void> {
    try {
      await this.#items.close();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Errors of jobs, or of the source, that nobody will ask for. */
  #reportRest(thrown: { error: unknown } | null): void {
    const unheard = (error: unknown): void => {
      if (error !== thrown?.error && !isCancelled(error)) here().runtime.report({ message: 'Another error in executor.map', error });
    };
    while (this.#line.size > 0) {
      const task = this.#line.shift();
      if (task.state === 'failed') unheard(task.error());
    }
    if (this.#failure !== null) unheard(this.#failure.error);
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
