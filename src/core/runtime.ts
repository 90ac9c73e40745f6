/**
 * What one `run()` owns: its clock, its exception handler, its tasks and its executors. Calls made outside any `run()`
 * use the detached runtime, so that a script may simply call an offloaded function.
 */
import { realClock, toTimerClock } from '../base/clock.ts';
import type { Clock, TimerClock } from '../base/clock.ts';
import type { Handle } from './callbacks.ts';
import { probe } from './probe.ts';
import type { Task } from './task.ts';

export interface ExceptionContext {
  message: string;
  error?: unknown;
  task?: Task<unknown>;
  /** The callback of `callSoon` and its kind that threw. */
  handle?: Handle;
  createdAt?: string;
}
export type ExceptionHandler = (ctx: ExceptionContext) => void;

/** Something with workers or connections that `run()` must close before it resolves. */
export interface Closable {
  shutdown(o?: { timeout?: number; cancelPending?: boolean }): Promise<void>;
}

/** The default executor as the kernel sees it; the executors' floor knows the rest. */
export interface ExecutorLike extends Closable {
  submit(fn: never, args: never, o?: never): unknown;
}

export interface RuntimeOptions {
  readonly clock?: Clock | undefined;
  readonly exceptionHandler?: ExceptionHandler | undefined;
}

export class Runtime {
  readonly clock: TimerClock;
  readonly closables: Set<Closable> = new Set();
  /** Work under way outside the loop (jobs, signals handed to foreign calls): a virtual clock must not jump meanwhile. */
  external = 0;
  /** The default executor: given to `run()`, or made on demand. */
  executor: ExecutorLike | null = null;
  shuttingDown = false;
  readonly #handler: ExceptionHandler | undefined;

  constructor(options: RuntimeOptions = {}) {
    this.clock = options.clock === undefined ? realClock : toTimerClock(options.clock);
    this.clock.attach?.(this);
    this.#handler = options.exceptionHandler;
  }

  /** The run is over: what it left behind outside the loop no longer concerns its clock. */
  end(): void {
    this.clock.detach?.(this);
  }

  /** Hands an error that has no caller to the exception handler. Never throws: a broken handler is reported, not fatal. */
  report(context: ExceptionContext): void {
    const ctx = probe === null ? context : probe.completed(this, context);
    const handler = processHandler ?? this.#handler;
    if (handler === undefined) return printException(ctx);
    const failed = (broken: unknown): void => {
      printException({ message: 'the exception handler itself threw', error: broken });
      printException(ctx);
    };
    try {
      const ended = handler(ctx) as unknown;
      if (ended instanceof Promise) ended.catch(failed); // an async function
    } catch (broken) {
      failed(broken);
    }
  }
}

let processHandler: ExceptionHandler | undefined;

export function useExceptionHandler(handler: ExceptionHandler | undefined): void {
  processHandler = handler;
}

function printException(ctx: ExceptionContext): void {
  const name = ctx.task === undefined ? '' : JSON.stringify(ctx.task.name);
  const task = ctx.message.includes(name) ? '' : ` in task ${name}`;
  const made = ctx.createdAt === undefined ? '' : `\ncreated at:\n${ctx.createdAt}`;
  const text = `${ctx.message}${task}`;
  if (!('error' in ctx)) print(text + made);
  else if (!print(text, ctx.error, ...(made === '' ? [] : [made]))) print(`${text} (its error cannot be printed)`);
}

/** A closed stderr, or an error whose own inspection throws, must not turn a report into a crash. */
function print(...line: unknown[]): boolean {
  try {
    console.error(...line);
    return true;
  } catch {
    return false;
  }
}
