/** Events between a test and its jobs: no test sleeps until a state is probably reached. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Executor, Offloaded, SubmitOptions } from '../../src/executors/executor.ts';
import type { Task } from '../../src/core/task.ts';

let folder: string | undefined;
let count = 0;

/** A folder that is removed after the tests of this file. */
export function scratch(): string {
  if (folder === undefined) {
    const made = (folder = mkdtempSync(join(tmpdir(), 'offloop-jobs-')));
    afterAll(() => rmSync(made, { recursive: true, force: true }));
  }
  return folder;
}

export interface Gate {
  /** Jobs wait until this file is there: that works in threads and in processes. */
  readonly file: string;
  open(): void;
}

export function makeGate(): Gate {
  const file = join(scratch(), `gate-${++count}`);
  return { file, open: () => writeFileSync(file, '') };
}

export interface Running<R> {
  readonly job: Task<R>;
  /** All that the job passed to `progress()`. */
  readonly heard: unknown[];
}

/** Submits a job that says 'running', and resolves when it does. In an object: a task is a thenable. */
export async function runningJob<A extends unknown[], R>(
  executor: Executor,
  fn: Offloaded<A, R>,
  args: A,
  options: SubmitOptions = {},
): Promise<Running<Awaited<R>>> {
  const heard: unknown[] = [];
  const job = await new Promise<[Task<Awaited<R>>]>((resolve, reject) => {
    const onProgress = (value: unknown): void => {
      heard.push(value);
      if (value === 'running') resolve([submitted]);
    };
    const submitted = executor.submit(fn, args, { ...options, onProgress });
    submitted.onSettled(() => reject(new Error(`the job settled before it said that it runs: ${String(submitted.error())}`)));
  });
  return { job: job[0], heard };
}
