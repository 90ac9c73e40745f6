/**
 * Every error this library throws. Match on `code` or with `instanceof`: both survive threads, processes and duplicate
 * installs, because `instanceof` compares a brand (a registered symbol on the prototype), not the identity of the class.
 */
import type { StackFrame } from './slow-report.ts';
import { wrongType } from './validate.ts';

export type OffloopErrorCode = `OFFLOOP_${string}`;

/** Who or what asked for the cancellation. */
export type CancelSource = 'explicit' | 'deadline' | 'sibling' | 'body' | 'signal' | 'shutdown';

const brandOf = (name: string): symbol => Symbol.for(`offloop.error.${name}`);
const ownBrand = Symbol.for('offloop.error.own-brand');

/** Base of everything this library throws. With a message alone, as `new Error(message)` is written, its code is `OFFLOOP_ERROR`. */
export class OffloopError extends Error {
  readonly code: OffloopErrorCode;

  constructor(message?: string, options?: ErrorOptions);
  constructor(code: OffloopErrorCode, message: string, options?: ErrorOptions);
  constructor(first?: string, second?: string | ErrorOptions, options?: ErrorOptions) {
    const coded = typeof second === 'string';
    super(coded ? second : first, coded ? options : second);
    this.code = coded ? (first as OffloopErrorCode) : 'OFFLOOP_ERROR';
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass written by a user has no brand of its own: there the identity of the class decides, as everywhere in JS.
    if (!Object.hasOwn(this, ownBrand)) return Function.prototype[Symbol.hasInstance].call(this, value);
    const brand = (this as unknown as Record<symbol, symbol>)[ownBrand] as symbol;
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
  }
}

/** Puts the class's name and its brand on the prototype (not on each instance), so that printing an error shows no extra fields. */
function brand(cls: abstract new (...a: never[]) => Error, name: string): void {
  const symbol = brandOf(name);
  Object.defineProperty(cls.prototype, 'name', { value: name, writable: true, configurable: true });
  Object.defineProperty(cls.prototype, symbol, { value: true });
  Object.defineProperty(cls, ownBrand, { value: symbol });
}

/** For the files that define errors of this library. @internal */
export function brandAll(classes: Readonly<Record<string, abstract new (...a: never[]) => Error>>): void {
  for (const [name, cls] of Object.entries(classes)) brand(cls, name);
}

export interface CancelledInit {
  readonly source: CancelSource;
  readonly reason?: unknown;
  readonly by?: string | undefined;
}

const EXPLICIT: CancelledInit = { source: 'explicit' };

/**
 * Thrown at every checkpoint of a cancelled scope. Let it propagate: the scope that was cancelled swallows it on exit.
 * `source` says what kind of event cancelled, `by` names the task that did it, `reason` is what was passed to `cancel()`.
 */
export class CancelledError extends OffloopError {
  readonly source: CancelSource;
  readonly reason: unknown;
  readonly by: string | undefined;
  /** Where the worker was of the job that this has stopped, innermost first: while a lag monitor runs, and of threads only. */
  declare readonly workerStack?: readonly StackFrame[];

  /** A bare message makes an explicit cancellation, as `new Error(message)` would be written. */
  constructor(init: CancelledInit | string = EXPLICIT, message: string = describeCancel(init)) {
    const { source, reason, by } = typeof init === 'string' ? EXPLICIT : init;
    super('OFFLOOP_CANCELLED', message, reason instanceof Error ? { cause: reason } : undefined);
    this.source = source;
    this.reason = reason;
    this.by = by;
  }
}

const sourceText: Record<CancelSource, string> = {
  explicit: 'cancelled',
  deadline: 'cancelled: the deadline passed',
  sibling: 'cancelled: a sibling task failed',
  body: 'cancelled: the body of the group ended with an error',
  signal: 'cancelled: an AbortSignal was aborted',
  shutdown: 'cancelled: shutting down',
};

function describeCancel(init: CancelledInit | string): string {
  if (typeof init === 'string') return init;
  const { source, reason, by } = init;
  const who = by === undefined ? '' : ` by ${JSON.stringify(by)}`;
  const text = reason instanceof Error ? reason.message : typeof reason === 'string' ? reason : undefined;
  return sourceText[source] + who + (text ? ` (${text})` : '');
}

/** A `timeout` expired. `cause` is the CancelledError that stopped the work, `deadline` is on the clock of `now()`. */
export class TimeoutError extends OffloopError {
  readonly deadline: number;
  /** Of a job that ran longer than its `timeout`: where its worker was, as in CancelledError. */
  declare readonly workerStack?: readonly StackFrame[];

  constructor(message: string, deadline: number, options?: ErrorOptions) {
    super('OFFLOOP_TIMEOUT', message, options);
    this.deadline = deadline;
  }
}

/** The call makes no sense in the present state: spawn after exit, result before the end, submit after shutdown. */
export class InvalidStateError extends OffloopError {
  constructor(message = 'the call makes no sense in the present state', options?: ErrorOptions) {
    super('OFFLOOP_INVALID_STATE', message, options);
  }
}

/** `getNowait` found nothing. */
export class QueueEmpty extends OffloopError {
  constructor(message = 'the queue is empty') {
    super('OFFLOOP_QUEUE_EMPTY', message);
  }
}

/** `putNowait` found no room. */
export class QueueFull extends OffloopError {
  constructor(message = 'the queue is full') {
    super('OFFLOOP_QUEUE_FULL', message);
  }
}

/** The queue was shut down: nothing can be put, and nothing is left to get. */
export class QueueShutDown extends OffloopError {
  constructor(message = 'the queue was shut down') {
    super('OFFLOOP_QUEUE_SHUT_DOWN', message);
  }
}

/** The barrier was aborted, or reset while this task waited. */
export class BrokenBarrierError extends OffloopError {
  constructor(message = 'the barrier is broken') {
    super('OFFLOOP_BROKEN_BARRIER', message);
  }
}

/** The operation would have to wait, and was told not to. */
export class WouldBlock extends OffloopError {
  constructor(message = 'the operation would have to wait') {
    super('OFFLOOP_WOULD_BLOCK', message);
  }
}

/** You closed it. */
export class ClosedResourceError extends OffloopError {
  constructor(message = 'this end is closed') {
    super('OFFLOOP_CLOSED_RESOURCE', message);
  }
}

/** Another task is using it just now. */
export class BusyResourceError extends OffloopError {
  constructor(message = 'another task uses this resource') {
    super('OFFLOOP_BUSY_RESOURCE', message);
  }
}

/** The circuit breaker is open: the call was not made. `retryAt` is on the clock of `now()`. */
export class CircuitOpenError extends OffloopError {
  readonly retryAt: number;

  constructor(message: string, retryAt: number) {
    super('OFFLOOP_CIRCUIT_OPEN', message);
    this.retryAt = retryAt;
  }
}

/** The other side went away. */
export class BrokenResourceError extends OffloopError {
  constructor(message = 'the other side went away', options?: ErrorOptions & { code?: OffloopErrorCode }) {
    super(options?.code ?? 'OFFLOOP_BROKEN_RESOURCE', message, options);
  }
}

/** The queue of an executor with `onFull: 'reject'` is full; the job was not accepted and never runs. */
export class ExecutorFullError extends OffloopError {
  constructor(message = 'the queue of the executor is full') {
    super('OFFLOOP_EXECUTOR_FULL', message);
  }
}

export interface WorkerDiedInit {
  readonly job: string;
  readonly why: 'exit' | 'uncaught' | 'out-of-memory' | 'terminated' | 'load-failed';
  readonly exitCode?: number | null;
  readonly signalName?: string | null;
  readonly cause?: unknown;
  readonly previous?: WorkerDiedError;
}

/** The worker died while it ran this job. Exactly the job that was running is blamed; queued jobs go to another worker. */
export class WorkerDiedError extends BrokenResourceError {
  readonly job: string;
  readonly exitCode: number | null;
  readonly signalName: string | null;
  readonly why: WorkerDiedInit['why'];
  /** How the first worker of an idempotent job died, when this is the death of its second. */
  declare readonly previous?: WorkerDiedError;

  constructor(message: string, init: WorkerDiedInit) {
    super(message, { code: 'OFFLOOP_WORKER_DIED', ...(init.cause === undefined ? {} : { cause: init.cause }) });
    this.job = init.job;
    this.why = init.why;
    this.exitCode = init.exitCode ?? null;
    this.signalName = init.signalName ?? null;
    if (init.previous !== undefined) this.previous = init.previous;
  }
}

/** An argument, a result or an error holds something that structured clone cannot copy. `path` says where, e.g. `args[0].callback`. */
export class NotCloneableError extends OffloopError {
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super('OFFLOOP_NOT_CLONEABLE', message, options);
    this.path = path;
  }
}

/** A worker cannot find or build the function: missing export, other order of definition, free variable in an inline function. */
export class FunctionNotFoundError extends OffloopError {
  constructor(message: string, options?: ErrorOptions & { code?: OffloopErrorCode }) {
    super(options?.code ?? 'OFFLOOP_FUNCTION_NOT_FOUND', message, options);
  }
}

/** An inline function cannot travel to a worker, because it uses something from around it. `variables` names what. */
export class FreeVariableError extends FunctionNotFoundError {
  readonly variables: readonly string[];

  constructor(message: string, variables: readonly string[]) {
    super(message, { code: 'OFFLOOP_FREE_VARIABLE' });
    this.variables = variables;
  }
}

export type ErrorMatcher = (new (...a: never[]) => Error) | ((e: unknown) => boolean);

/** What a failing task group throws, even for one error. Nested groups keep their nesting; `leaves()` flattens it. */
export class TaskGroupError extends AggregateError {
  readonly code = 'OFFLOOP_TASK_GROUP' as const;

  constructor(errors: Iterable<unknown>, message?: string, options?: ErrorOptions) {
    const all = [...errors];
    super(all, message ?? `unhandled errors in a task group (${all.length})`, options);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return OffloopError[Symbol.hasInstance].call(this, value);
  }

  /** Every error that is not itself a TaskGroupError, depth first. */
  leaves(): unknown[] {
    return this.errors.flatMap((e: unknown) => (e instanceof TaskGroupError ? e.leaves() : [e]));
  }

  /** Splits by leaf into the part that matches and the rest, each with the nesting kept, or null when it would be empty. */
  split(match: ErrorMatcher): [matching: TaskGroupError | null, rest: TaskGroupError | null] {
    const matches = toPredicate(match);
    const yes: unknown[] = [];
    const no: unknown[] = [];
    for (const e of this.errors as unknown[]) {
      if (e instanceof TaskGroupError) {
        const [a, b] = e.split(matches);
        if (a !== null) yes.push(a);
        if (b !== null) no.push(b);
      } else (matches(e) ? yes : no).push(e);
    }
    return [this.#part(yes), this.#part(no)];
  }

  #part(errors: readonly unknown[]): TaskGroupError | null {
    if (errors.length === 0) return null;
    return new TaskGroupError(errors, this.message, this.cause === undefined ? undefined : { cause: this.cause });
  }
}

function toPredicate(match: ErrorMatcher): (e: unknown) => boolean {
  if (typeof match !== 'function') throw wrongType('match', 'an error class or a function', match);
  const isClass = match === Error || match.prototype instanceof Error;
  return isClass ? (e) => e instanceof (match as new () => Error) : (match as (e: unknown) => boolean);
}

const all = {
  OffloopError,
  CancelledError,
  TimeoutError,
  InvalidStateError,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  BrokenBarrierError,
  WouldBlock,
  BrokenResourceError,
  ClosedResourceError,
  BusyResourceError,
  CircuitOpenError,
  ExecutorFullError,
  WorkerDiedError,
  NotCloneableError,
  FunctionNotFoundError,
  FreeVariableError,
  TaskGroupError,
};
brandAll(all);

/**
 * True for a CancelledError, and for the AbortError that a platform call (fetch, fs, timers) throws because the ambient
 * scope aborted the signal it was given.
 */
export function isCancelled(e: unknown): e is CancelledError {
  if (e instanceof CancelledError) return true;
  return e instanceof Error && e.name === 'AbortError' && e.cause instanceof CancelledError;
}
