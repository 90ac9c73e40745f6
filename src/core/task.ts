/**
 * A task is a scope with an outcome: that it *is* its own scope saves an object per task and makes `task.cancel()` a plain
 * scope cancel. Who owns a task (a group, `run()`, an executor) hears when it settles; a task without a listener for its
 * failure is the owner's to report.
 */
import { AsyncResource } from 'node:async_hooks';
import { CancelledError, InvalidStateError, isCancelled } from '../base/errors.ts';
import { checkFunction } from '../base/validate.ts';
import { beginLater } from './begin-later.ts';
import { probe } from './probe.ts';
import { ambient, here, Scope } from './scope.ts';
import { isThenable, joined } from './thenable.ts';
import { WaitQueue, Waiter } from './waiter.ts';

export type MaybePromise<T> = T | PromiseLike<T>;
export type TaskState = 'pending' | 'running' | 'cancelling' | 'done' | 'failed' | 'cancelled';

/** What every task function receives. `signal` is made on first read. */
export interface TaskContext {
  readonly signal: AbortSignal;
  readonly task: Task<unknown>;
}
export type TaskFn<T> = (ctx: TaskContext) => MaybePromise<T>;

/** Work that was started and will settle: awaiting it is a checkpoint and never cancels it. */
export interface Task<T> extends PromiseLike<T> {
  catch: Promise<T>['catch'];
  finally: Promise<T>['finally'];
  readonly id: number;
  name: string;
  readonly state: TaskState;
  readonly settled: boolean;
  /** The task that answers for this one: whoever opened its group; null for main and background tasks. */
  readonly parentTask: Task<unknown> | null;
  /** Asks the task to stop: its next checkpoint throws. False once it has settled. */
  cancel(reason?: unknown): boolean;
  /** The value; throws the error if it failed, InvalidStateError while it is unsettled. */
  result(): T;
  /** The error (a CancelledError if it was cancelled), undefined if it succeeded; InvalidStateError while it is unsettled. */
  error(): unknown;
  /**
   * Waits until the task has settled, whatever the outcome; to await the task itself gives its value or throws its error.
   *
   * - Waits for: the end of the task.
   * - On cancel: throws at once; the task goes on.
   * - Order: all waiters go on together, in the order in which they came.
   * - Throws: CancelledError of the waiting scope, never the error of the task.
   */
  wait(): Promise<void>;
  /** Calls back once, when the task settles (at once, one microtask later, if it has). Disposing the result prevents the call. */
  onSettled(cb: (t: Task<T>) => void): Disposable;
}

export interface TaskOwner {
  taskSettled(task: TaskCore): void;
}

interface SettledHook<T> {
  readonly cb: (t: Task<T>) => void;
}

type Phase = 'pending' | 'running' | 'done' | 'failed' | 'cancelled';
let lastId = 0;

/** Someone who awaits a task. */
export class Joiner extends Waiter<unknown, TaskCore> {
  /** Set when this wait was cancelled, but must last until the job has really ended. */
  interrupted: CancelledError | null = null;
  /** False for `wait()`, which does not ask how it ended. */
  readonly asksOutcome: boolean;

  constructor(task: TaskCore, asksOutcome: boolean) {
    super(task);
    this.asksOutcome = asksOutcome;
  }

  override get waitingOn(): string {
    return `task ${JSON.stringify(this.carried.name)}`;
  }

  override onCancel(error: CancelledError): void {
    if (this.carried.keepsJoiners) this.interrupted = error;
    else super.onCancel(error);
  }
}

export class TaskCore<T = unknown> extends Scope implements Task<T> {
  readonly id: number = ++lastId;
  readonly owner: TaskOwner | null;
  #name: string;
  #phase: Phase = 'pending';
  #outcome: unknown = undefined;
  #joiners: WaitQueue<unknown, TaskCore> | null = null;
  #hooks: Set<SettledHook<T>> | null = null;
  #retrieved = false;

  constructor(parent: Scope, name: string, owner: TaskOwner | null) {
    super(parent, parent.runtime, null);
    this.task = this as TaskCore;
    this.strand = this;
    this.#name = name;
    this.owner = owner;
    if (probe !== null) probe.spawned(this as TaskCore);
  }

  // Made when somebody asks: most tasks without a name end without anybody asking.
  get name(): string {
    return this.#name === '' ? `Task-${this.id}` : this.#name;
  }

  set name(name: string) {
    this.#name = name;
  }

  get state(): TaskState {
    const phase = this.#phase;
    return (phase === 'running' || phase === 'pending') && this.effective !== null ? 'cancelling' : phase;
  }

  get settled(): boolean {
    return this.#phase !== 'pending' && this.#phase !== 'running';
  }

  /** True once somebody received the outcome, so that a failure need not be reported. A wait that was cancelled does not count. */
  get retrieved(): boolean {
    return this.#retrieved;
  }

  /** True while a cancelled awaiter must not go on yet, because the work goes on (see JobTask). */
  get keepsJoiners(): boolean {
    return false;
  }

  /** The task that answers for this one: whoever opened the group, or null at the top. */
  get parentTask(): TaskCore | null {
    return this.parent?.task ?? null;
  }

  /** Runs `fn` in this task one microtask from now, or at once when `eager`. */
  start(fn: TaskFn<T>, eager = false): void {
    this.#outcome = fn; // until it has one
    if (!eager) return beginLater(this);
    // The resource keeps an `enterWith` of the task's synchronous part from leaking into the caller (Node 20 and 22).
    new AsyncResource('offloop.task').runInAsyncScope(() => this.begin());
  }

  /** Called in a microtask of its own, or in a context that is left afterwards: nobody else sees what it enters. */
  begin(): void {
    const fn = this.#outcome as TaskFn<T>;
    this.#outcome = undefined;
    this.#phase = 'running';
    let result: MaybePromise<T>;
    try {
      ambient.enterWith(this); // half the cost of run(), which would have to restore a context that nobody uses any more
      result = fn(this as unknown as TaskContext);
      if (!(result instanceof Promise) && isThenable(result)) result = joined(result); // a task learns by `then` who waits for it
    } catch (error) {
      return this.fail(error);
    }
    if (isThenable(result)) {
      result.then(
        (value) => this.succeed(value),
        (error: unknown) => this.fail(error),
      );
    } else this.succeed(result);
  }

  succeed(value: T): void {
    this.#settle('done', value);
  }

  fail(error: unknown): void {
    if (!isCancelled(error)) return this.#settle('failed', error);
    this.#settle('cancelled', error instanceof CancelledError ? error : (error as Error).cause);
  }

  /** Marks a task that is driven from outside (a job in an executor) as running. */
  markRunning(): void {
    if (this.#phase === 'pending') this.#phase = 'running';
  }

  #settle(phase: Phase, outcome: unknown): void {
    if (this.settled) return;
    this.#phase = phase;
    this.#outcome = outcome;
    this.leave();
    if (probe !== null) probe.exited(this as TaskCore);
    if (this.#joiners !== null) this.#tell(this.#joiners);
    this.owner?.taskSettled(this as TaskCore);
    const hooks = this.#hooks;
    if (hooks === null) return;
    for (const hook of hooks) this.#call(hook.cb);
    this.#hooks = null;
  }

  #tell(joiners: WaitQueue<unknown, TaskCore>): void {
    for (let j = joiners.shift() as Joiner | null; j !== null; j = joiners.shift() as Joiner | null) {
      if (j.interrupted !== null) j.refuse(j.interrupted);
      else if (!j.asksOutcome) j.grant(undefined);
      else this.#deliver(j);
    }
  }

  #deliver(joiner: Joiner): void {
    this.#retrieved = true;
    if (this.#phase === 'done') joiner.grant(this.#outcome);
    else this.refuseTo(joiner, this.#outcome);
  }

  /** How a failure reaches someone who awaits the task. A job adds the awaiting line. */
  protected refuseTo(joiner: Joiner, error: unknown): void {
    joiner.refuse(error);
  }

  /** How it reaches someone who asks later. */
  protected refusal(error: unknown): Promise<never> {
    return Promise.reject(error);
  }

  #call(cb: (t: Task<T>) => void): void {
    try {
      cb(this);
    } catch (error) {
      this.runtime.report({ message: `Exception in callback ${cb.name || '<anonymous>'}`, error, task: this });
    }
  }

  cancel(reason?: unknown): boolean {
    if (this.settled) return false;
    this.cancelWith(new CancelledError({ source: 'explicit', reason, by: here().task?.name }));
    return true;
  }

  result(): T {
    this.#requireSettled('result');
    this.#retrieved = true;
    if (this.#phase === 'done') return this.#outcome as T;
    throw this.#outcome;
  }

  error(): unknown {
    this.#requireSettled('error');
    this.#retrieved = true;
    return this.#phase === 'done' ? undefined : this.#outcome;
  }

  /** The outcome as the owner sees it, which does not count as retrieving it. */
  get failure(): unknown {
    return this.#phase === 'failed' ? this.#outcome : undefined;
  }

  get failed(): boolean {
    return this.#phase === 'failed';
  }

  #requireSettled(what: string): void {
    if (!this.settled) throw new InvalidStateError(`Task ${JSON.stringify(this.name)} has not settled yet (${this.state}): no ${what}`);
  }

  then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return (this.#join(true) as Promise<T>).then(onValue, onError);
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(undefined, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.then().finally(onEnd);
  }

  wait(): Promise<void> {
    return this.#join(false) as Promise<void>;
  }

  #join(asksOutcome: boolean): Promise<unknown> {
    const scope = here();
    const stays = this.keepsJoiners && !this.settled;
    if (scope.effective !== null && !stays) return Promise.reject(scope.interrupt());
    if (this.settled) return asksOutcome ? this.#settledOutcome() : Promise.resolve();
    if (scope.task === (this as TaskCore)) {
      return Promise.reject(new InvalidStateError(`Task ${JSON.stringify(this.name)} cannot await itself: it would never settle`));
    }
    const joiner = new Joiner(this as TaskCore, asksOutcome);
    (this.#joiners ??= new WaitQueue()).push(joiner);
    const promise = new Promise((resolve, reject) => {
      joiner.resolve = resolve;
      joiner.reject = reject;
    });
    if (scope.effective === null) scope.link(joiner);
    else joiner.interrupted = scope.effective;
    return promise;
  }

  #settledOutcome(): Promise<unknown> {
    this.#retrieved = true;
    return this.#phase === 'done' ? Promise.resolve(this.#outcome) : this.refusal(this.#outcome);
  }

  onSettled(cb: (t: Task<T>) => void): Disposable {
    checkFunction('cb', cb);
    if (this.settled) {
      let wanted = true;
      queueMicrotask(() => wanted && this.#call(cb));
      return { [Symbol.dispose]: () => void (wanted = false) };
    }
    const hook = { cb };
    const hooks = (this.#hooks ??= new Set());
    hooks.add(hook);
    return { [Symbol.dispose]: () => void hooks.delete(hook) };
  }

  override describe(): string {
    return `<Task #${this.id} ${JSON.stringify(this.name)} ${this.state}>`;
  }

  override toString(): string {
    return this.describe();
  }
}

/** The tasks of a `run()` that have not settled, oldest first: each is a scope in its tree. */
export function tasksUnder(root: Scope): TaskCore[] {
  const tasks: TaskCore[] = [];
  root.visit((scope) => {
    if (scope.task === scope) tasks.push(scope as TaskCore);
  });
  return tasks.sort((a, b) => a.id - b.id);
}

/**
 * Calls `fn` in `scope`, and has a thenable that it returns awaited there too: unlike a promise, a task only learns who waits
 * for it when somebody calls its `then`.
 */
export function runIn<T, A>(scope: Scope, fn: (arg: A) => MaybePromise<T>, arg: A): MaybePromise<T> {
  const result = ambient.run(scope, fn, arg);
  return result instanceof Promise || !isThenable(result) ? result : ambient.run(scope, joined<T>, result);
}

/** The task this code runs in; undefined outside any task. */
export function currentTask(): Task<unknown> | undefined {
  return ambient.getStore()?.task ?? undefined;
}
