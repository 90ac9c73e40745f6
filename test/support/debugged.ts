/** Runs in debug mode without a lag monitor (a thread per test), on a virtual clock, and the place of a line in this file or another. */
import '../../src/debug/set-debug.ts';
import type { RunOptions } from '../../src/core/run.ts';
import type { MaybePromise } from '../../src/core/task.ts';
import { virtually } from './virtual.ts';
import type { Virtual } from './virtual.ts';

export function debugged<T>(main: (v: Virtual) => MaybePromise<T>, options?: RunOptions): Promise<T> {
  return virtually(main, { debug: { monitor: false }, ...options });
}

/** What the exception handler heard in a debugged run, messages only. */
export async function messages(main: (v: Virtual) => MaybePromise<unknown>, options?: RunOptions): Promise<string[]> {
  const heard: string[] = [];
  await debugged(main, { exceptionHandler: ({ message }) => void heard.push(message), ...options });
  return heard;
}
