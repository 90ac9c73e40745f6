/**
 * Task groups: no task outlives its group, and every error surfaces.
 *
 * One error cancels the others; the block ends when the last child has. What it throws, in this order: the errors of
 * children and body (one TaskGroupError), the cancellation of something around it, nothing.
 */
import { AsyncResource } from 'node:async_hooks';
import { CancelledError, InvalidStateError, isCancelled, TaskGroupError } from '../base/errors.ts';
import { checkBoolean, checkCount, checkFunction, checkOneOf, checkSignal, checkString, ownOptions } from '../base/validate.ts';
import { Ring } from '../base/ring.ts';
import type { CancelScope } from './cancel-scope.ts';
import { probe } from './probe.ts';
import { here, Scope } from './scope.ts';
import { publicScope } from './current-scope.ts';
import { runIn, TaskCore } from './task.ts';
import type { MaybePromise, Task, TaskFn, TaskOwner } from './task.ts';
import { linkSignal } from './link-signal.ts';
import { Starting } from './start.ts';
import type { Started, StartFn, StartHost } from './start.ts';
import { done } from './turn.ts';

export interface SpawnOptions {
  /** Shown in errors, reports and call graphs. Default: the function's name, else `Task-n`. */
  name?: string;
  /** Runs the function at once, up to its first wait, instead of one microtask later. */
  eager?: boolean;
  /** Aborting it cancels the task. */
  signal?: AbortSignal;
}

export interface GroupOptions {
  name?: string;
  /** Aborting it cancels the group, which then rejects with CancelledError. */
  signal?: AbortSignal;
  /** 'first' throws the first error itself instead of a TaskGroupError; later ones go to the exception handler. */
  errors?: 'group' | 'first';
  /** How many children run at once; further ones wait in order of spawning. */
  limit?: number;
}

export interface TaskGroup {
  readonly scope: CancelScope;
  readonly name: string;
  /** Children that have not settled. */
  readonly size: number;
  /**
   * Starts `fn` as a child, one microtask later.
   *
   * - Waits for: nothing; the group's block waits for the child.
   * - On cancel: spawning into a cancelled group is allowed, the newcomer runs to its first checkpoint.
   * - Order: children start in the order of spawning.
   * - Throws: InvalidStateError after the block has ended; the function is not called then.
   */
  spawn<T>(fn: TaskFn<T>, o?: SpawnOptions): Task<T>;
  /**
   * Starts `fn` as a child, and resolves when it calls `ctx.started(value)`. Until then the child belongs to the caller, and
   * the group's block stays open for it; from then on it is a child like any other.
   *
   * - Waits for: `started`, or the end of the child.
   * - On cancel: the child is cancelled and joined, as long as it has not started. In a cancelled scope it runs to its first checkpoint.
   * - Order: as `spawn`.
   * - Throws: what the child throws before it has started; InvalidStateError when it ends without saying so, or after the block has ended.
   */
  start<V = void, T = unknown>(fn: StartFn<V, T>, o?: SpawnOptions): Promise<Started<V, T>>;
  /** Cancels body and children; the group then ends quietly. */
  cancel(reason?: unknown): void;
}

const spawnKeys = ['name', 'eager', 'signal'] as const;

const NO_OPTIONS: SpawnOptions = Object.freeze({});

export function spawnOptions(options: SpawnOptions | undefined): SpawnOptions {
  if (options === undefined) return NO_OPTIONS;
  const o = ownOptions<SpawnOptions>('options', options, spawnKeys);
  if (o.name !== undefined) checkString('options.name', o.name);
  if (o.eager !== undefined) checkBoolean('options.eager', o.eager);
  if (o.signal !== undefined) checkSignal('options.signal', o.signal);
  return o;
}

function groupOptions(options: GroupOptions | undefined): GroupOptions {
  const o = ownOptions<GroupOptions>('options', options, ['name', 'signal', 'errors', 'limit']);
  if (o.name !== undefined) checkString('options.name', o.name);
  if (o.signal !== undefined) checkSignal('options.signal', o.signal);
  if (o.errors !== undefined) checkOneOf('options.errors', o.errors, ['group', 'first']);
  if (o.limit !== undefined) checkCount('options.limit', o.limit, 1, { infinite: true });
  return o;
}

class Group implements TaskGroup, TaskOwner, StartHost {
  readonly name: string;
  readonly #scope: Scope;
  readonly #errors: unknown[] = [];
  readonly #limit: number;
  #size = 0;
  #running = 0;
  readonly #waiting = new Ring<() => void>(); // starts put off by `limit`
  #starting = false;
  #sawCancelled = false; // of body or a child
  #closed = false;
  #empty: (() => void) | null = null;

  constructor(scope: Scope, name: string, limit: number) {
    this.#scope = scope;
    this.name = name;
    this.#limit = limit;
  }

  get scope(): CancelScope {
    return publicScope(this.#scope);
  }

  get inside(): Scope {
    return this.#scope;
  }

  get size(): number {
    return this.#size;
  }

  get errors(): readonly unknown[] {
    return this.#errors;
  }

  spawn<T>(fn: TaskFn<T>, options?: SpawnOptions): Task<T> {
    const o = this.#checked(fn, options);
    const task = new TaskCore<T>(this.#scope, o.name ?? fn.name, this);
    this.#launch(task, fn, o);
    return task;
  }

  async start<V = void, T = unknown>(fn: StartFn<V, T>, options?: SpawnOptions): Promise<Started<V, T>> {
    const o = this.#checked(fn, options);
    const starting = new Starting<V, T>(this, here(), o.name ?? fn.name);
    this.#launch(starting.task, starting.body(fn), o);
    return starting.promise;
  }

  #checked(fn: unknown, options: SpawnOptions | undefined): SpawnOptions {
    checkFunction('fn', fn);
    if (this.#closed) throw new InvalidStateError(`Task group ${JSON.stringify(this.name)} has ended: it cannot spawn`);
    return spawnOptions(options);
  }

  #launch<T>(task: TaskCore<T>, fn: TaskFn<T>, o: SpawnOptions): void {
    this.#size++;
    if (o.signal !== undefined) task.onSettled(linkSignal(o.signal, task));
    if (this.#running < this.#limit && this.#waiting.size === 0) this.#begin(task, fn, o.eager);
    else this.#waiting.push(AsyncResource.bind(() => this.#begin(task, fn, o.eager))); // it will be called from the context of whoever ends
  }

  #begin<T>(task: TaskCore<T>, fn: TaskFn<T>, eager: boolean | undefined): void {
    this.#running++;
    task.start(fn, eager);
  }

  cancel(reason?: unknown): void {
    this.#scope.cancelWith(new CancelledError({ source: 'explicit', reason, by: here().task?.name }));
  }

  taskSettled(task: TaskCore): void {
    if (task.failed) this.#fail(task.failure, new CancelledError({ source: 'sibling', reason: task.failure, by: task.name }));
    else if (task.state === 'cancelled') this.#sawCancelled = true;
    this.#ended();
  }

  startEnded(): void {
    this.#ended();
  }

  /** One child less. */
  #ended(): void {
    this.#running--;
    if (this.#waiting.size > 0) this.#startWaiting();
    if (--this.#size === 0) this.#empty?.();
  }

  /** A loop, because an eager child that ends at once calls back in here. */
  #startWaiting(): void {
    if (this.#starting) return;
    this.#starting = true;
    while (this.#running < this.#limit && this.#waiting.size > 0) this.#waiting.shift()();
    this.#starting = false;
  }

  bodyFailed(error: unknown): void {
    const source = { source: 'body', reason: error, by: this.#scope.task?.name } as const;
    if (!isCancelled(error)) return this.#fail(error, new CancelledError(source));
    this.#sawCancelled = true;
    this.#scope.cancelWith(new CancelledError(source));
  }

  #fail(error: unknown, reason: CancelledError): void {
    this.#errors.push(error);
    this.#scope.cancelWith(reason);
  }

  /** Resolves when no child is left; children may still spawn others until then. */
  async join(): Promise<void> {
    if (this.#size === 0) await done();
    this.#scope.joining = this.name;
    if (probe !== null) probe.joining(this.#scope, false);
    while (this.#size > 0) {
      await new Promise<void>((resolve) => {
        this.#empty = resolve;
      });
    }
    this.#scope.joining = null;
    if (probe !== null) probe.joining(this.#scope, true);
    this.#closed = true;
    this.#scope.caught = this.#sawCancelled && this.#scope.absorbs;
    this.#scope.leave();
  }
}

/**
 * Runs `body` with a group, and joins every child before it goes on. The first error of a child or of the body cancels the
 * rest. Resolves with the body's value, or with undefined when `tg.cancel()` stopped the body.
 *
 * - Waits for: the body and all children, also when cancelled.
 * - On cancel: body and children are cancelled and joined.
 * - Order: children start in the order of spawning.
 * - Throws: TaskGroupError with every error (`errors: 'first'`: the first one itself); CancelledError.
 */
export async function withTaskGroup<R>(body: (tg: TaskGroup) => MaybePromise<R>, options?: GroupOptions): Promise<R> {
  checkFunction('body', body);
  const o = groupOptions(options);
  const parent = here();
  const scope = new Scope(parent, parent.runtime);
  const group = new Group(scope, o.name ?? (body.name || 'task group'), o.limit ?? Infinity);
  const unlink = o.signal === undefined ? null : linkSignal(o.signal, scope);
  let value: R | undefined;
  let interrupted: unknown = null;
  try {
    value = await runIn<R, TaskGroup>(scope, body, group);
  } catch (error) {
    if (isCancelled(error) && !endsQuietly(scope)) interrupted = error;
    group.bodyFailed(error);
  }
  await group.join();
  unlink?.();
  settleGroup(group, scope, o.errors ?? 'group');
  if (scope.outer !== null) throw interrupted ?? scope.outer;
  if (interrupted !== null && !endsQuietly(scope)) throw interrupted;
  if (scope.own?.source === 'signal') throw scope.own;
  return value as R;
}

/** Somebody inside decided that the group has done enough. */
function endsQuietly(scope: Scope): boolean {
  return scope.own?.source === 'explicit' || scope.own?.source === 'deadline';
}

function settleGroup(group: Group, scope: Scope, errors: 'group' | 'first'): void {
  const all = group.errors;
  if (all.length === 0) return;
  if (errors === 'group') throw new TaskGroupError(all);
  for (const error of all.slice(1)) scope.runtime.report({ message: `Another error in task group ${JSON.stringify(group.name)}`, error });
  throw all[0];
}
