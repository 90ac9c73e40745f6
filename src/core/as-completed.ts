/** Sources in order of completion. */
import { CancelledError, TimeoutError } from '../base/errors.ts';
import { Ring } from '../base/ring.ts';
import { checkDelay, ownOptions } from '../base/validate.ts';
import { hold, reportsFailure } from './background.ts';
import type { ResultOf, Source } from './gather.ts';
import { here, Scope } from './scope.ts';
import { checkedSources, joined, sourceTask } from './source-task.ts';
import type { SourceTask } from './source-task.ts';
import type { Task, TaskCore } from './task.ts';
import { WaitQueue } from './waiter.ts';

/** A record, not the task itself: a task is a thenable, and `for await` would be typed as if it were awaited. */
export interface Completed<T> {
  /** The place among the sources. */
  readonly index: number;
  readonly task: Task<T>;
}

export interface AsCompletedOptions {
  /** Milliseconds from the call until iteration throws TimeoutError (`null`: no limit). */
  timeout?: number | null;
}

/**
 * Starts the functions among the sources, and yields each source when it has settled; a task that was given twice comes twice.
 * Leaving the loop cancels the functions that still run, unless the iterator is asked for more in the same turn of the event
 * loop; disposing it also joins them. A failure whose record nobody looked at goes to the exception handler.
 *
 * - Waits for: the next source to settle.
 * - On cancel: stops waiting, nothing is lost. The functions belong to the scope in which `asCompleted` was called: when that is
 *   cancelled, they are cancelled, and joined before the CancelledError comes out.
 * - Order: order of completion; functions start in the order of the sources, one microtask later.
 * - Throws: TimeoutError when `timeout` milliseconds have passed since the call, after what has settled was delivered and the
 *   functions were cancelled and joined; CancelledError.
 */
export function asCompleted<S extends Source>(
  src: Iterable<S>,
  options?: AsCompletedOptions,
): AsyncIterableIterator<Completed<ResultOf<S>>> & AsyncDisposable {
  const sources = checkedSources(src);
  const o = ownOptions<AsCompletedOptions>('options', options, ['timeout']);
  const timeout = o.timeout ?? null;
  if (timeout !== null) checkDelay('options.timeout', timeout);
  return new Completing<ResultOf<S>>(sources, timeout);
}

class Completing<T> implements AsyncIterableIterator<Completed<T>>, AsyncDisposable {
  readonly #scope: Scope;
  readonly #sources: readonly SourceTask[];
  readonly #hooks: readonly Disposable[];
  readonly #ready = new Ring<Completed<T>>();
  readonly #consumers = new WaitQueue<Completed<T> | null, void>('asCompleted', this);
  readonly #watch: Watch;
  readonly #timeout: number | null;
  readonly #deadline: number;
  readonly #timer: Disposable | null;
  #unsettled: number;
  #expired: CancelledError | null = null;
  #ended = false;
  #leaving: NodeJS.Immediate | null = null;

  constructor(sources: readonly Source[], timeout: number | null) {
    const parent = here();
    const { clock } = parent.runtime;
    this.#timeout = timeout;
    this.#deadline = timeout === null ? Infinity : clock.now() + Math.max(timeout, 0);
    this.#scope = new Scope(parent, parent.runtime);
    this.#unsettled = sources.length;
    this.#sources = sources.map((s) => sourceTask(s, this.#scope, reportsFailure));
    this.#watch = new Watch(this.#sources.map(({ task }) => task));
    this.#hooks = this.#sources.map(({ task }, index) => task.onSettled(() => this.#settled({ index, task: task as unknown as Task<T> })));
    this.#timer = this.#deadline === Infinity || sources.length === 0 ? null : clock.setTimer(this.#deadline, () => this.#expire());
    void this.#joined().then(() => this.#scope.leave());
  }

  /** For call graphs. */
  get awaited(): TaskCore[] {
    return this.#sources.map(({ task }) => task);
  }

  #joined(): Promise<void> {
    return joined(this.#sources.filter(({ own }) => own).map(({ task }) => task));
  }

  #settled(completed: Completed<T>): void {
    if (--this.#unsettled === 0) this.#timer?.[Symbol.dispose]();
    const consumer = this.#consumers.shift();
    if (consumer === null) this.#ready.push(completed);
    else consumer.grant(completed);
    if (this.#unsettled === 0) this.#sendHome();
  }

  /** Consumers wait for something that will not come. */
  #sendHome(): void {
    for (let c = this.#consumers.shift(); c !== null; c = this.#consumers.shift()) c.grant(null);
  }

  async next(): Promise<IteratorResult<Completed<T>, undefined>> {
    this.#stay();
    if (!this.#ended) this.#watch.begin();
    try {
      const completed = await this.#take();
      if (completed === null) return await this.#finish();
      this.#watch.delivered(completed.index);
      return { done: false, value: completed };
    } catch (error) {
      if (this.#scope.effective !== null && this.#expired === null) await this.#abandon(this.#scope.effective);
      else this.#watch.end(); // interrupted: whether somebody asks again is not known
      throw error;
    }
  }

  #take(): Promise<Completed<T> | null> {
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    if (this.#ready.size > 0) return Promise.resolve(this.#ready.shift());
    return this.#unsettled === 0 || this.#ended ? Promise.resolve(null) : this.#consumers.park(scope, undefined);
  }

  async #finish(): Promise<IteratorResult<Completed<T>, undefined>> {
    if (this.#expired === null) return { done: true, value: undefined };
    await this.#joined();
    const message = `Timed out after ${this.#timeout} ms with ${this.#unsettled} of ${this.#sources.length} sources unfinished`;
    throw new TimeoutError(message, this.#deadline, { cause: this.#expired });
  }

  /** What has settled by now is still delivered. */
  #expire(): void {
    this.#expired = new CancelledError({ source: 'deadline' });
    this.#stop(this.#expired);
  }

  #stop(reason: CancelledError): void {
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    for (const hook of this.#hooks) hook[Symbol.dispose]();
    this.#scope.cancelWith(reason);
    this.#watch.endUnsettled();
    this.#sendHome();
  }

  /** Nobody will ask again. */
  #abandon(reason: CancelledError): Promise<void> {
    this.#expired = null;
    this.#stop(reason);
    this.#ready.clear();
    this.#watch.end();
    return this.#joined();
  }

  /**
   * The loop was left. A second loop over the same iterator goes on where this one stopped, if it comes at once; unless the
   * scope is cancelled: then the functions are joined, so that none outlives the block.
   */
  async return(): Promise<IteratorResult<Completed<T>, undefined>> {
    const left = new CancelledError({ source: 'explicit', reason: 'the loop over asCompleted() was left' });
    if (this.#scope.effective !== null) await this.#abandon(left);
    else this.#leaving ??= setImmediate(() => void this.#abandon(left));
    return { done: true, value: undefined };
  }

  #stay(): void {
    if (this.#leaving !== null) clearImmediate(this.#leaving);
    this.#leaving = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stay();
    await this.#abandon(new CancelledError({ source: 'explicit', reason: 'asCompleted() was disposed' }));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Keeps failures from being reported as seen by nobody, while somebody is going to see them, or looks at what was delivered. */
class Watch {
  readonly #tasks: readonly TaskCore[];
  readonly #holds = new Map<number, () => void>();
  readonly #delivered = new Set<number>();
  #lookedAt: number[] = []; // delivered since the consumer was here
  #active = false;

  constructor(tasks: readonly TaskCore[]) {
    this.#tasks = tasks;
  }

  /** The consumer is here, and done with what it got before. */
  begin(): void {
    this.#release(this.#lookedAt);
    this.#lookedAt = [];
    if (this.#active) return;
    this.#active = true;
    this.#tasks.forEach((task, place) => this.#delivered.has(place) || this.#holds.set(place, hold(task)));
  }

  delivered(place: number): void {
    this.#delivered.add(place);
    this.#lookedAt.push(place);
  }

  endUnsettled(): void {
    this.#release([...this.#holds.keys()].filter((place) => !(this.#tasks[place] as TaskCore).settled));
  }

  end(): void {
    this.#active = false;
    this.#release([...this.#holds.keys()]);
  }

  #release(places: readonly number[]): void {
    for (const place of places) {
      this.#holds.get(place)?.();
      this.#holds.delete(place);
    }
  }
}
