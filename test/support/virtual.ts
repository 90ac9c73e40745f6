/** Small helpers that most tests of the loop's inside use. */
import { run } from '../../src/core/run.ts';
import type { RunOptions } from '../../src/core/run.ts';
import type { ExceptionContext } from '../../src/core/runtime.ts';
import type { MaybePromise, TaskContext } from '../../src/core/task.ts';
import { MockClock } from '../../src/testing/mock-clock.ts';

export interface Virtual extends TaskContext {
  readonly clock: MockClock;
  /** What the exception handler heard. */
  readonly reports: ExceptionContext[];
}

/** Runs `main` in a run of its own on a virtual clock that jumps by itself. */
export function virtually<T>(main: (v: Virtual) => MaybePromise<T>, options?: RunOptions): Promise<T> {
  const clock = new MockClock({ autojump: true });
  const reports: ExceptionContext[] = [];
  const whole = { clock, signals: false, exceptionHandler: (ctx: ExceptionContext) => void reports.push(ctx), ...options } as const;
  return run(({ task }) => main({ clock, reports, task, signal: new AbortController().signal }), whole);
}

/** The error of a call that must fail, be it thrown or rejected. */
export async function failure(call: (() => unknown) | PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await (typeof call === 'function' ? call() : call);
  } catch (error) {
    return error;
  }
  throw new Error(`expected a failure, got ${String(value)}`);
}

/** The failure in one line: class, code and message. */
export async function refusal(call: () => unknown): Promise<string> {
  const error = (await failure(call)) as Error & { code?: unknown };
  return `${error.constructor.name} ${String(error.code)}: ${error.message}`;
}

/** Lets the loop go round `n` times, outside of any scope. */
export async function turns(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits in real time, unseen by the kernel and its clock. */
export function realTime(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
