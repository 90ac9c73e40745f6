/**
 * `run()` inside a worker. A worker may import the program's main file to find its functions; main must not run there, and
 * neither may what follows `await run(main)` or `.then(() => process.exit())`, now or after an `await` of that file. So the
 * promise never settles; the module loader is told that `run` was reached and goes on. Only a job that calls `run()` itself
 * gets an answer: it would wait for ever.
 */
import { ambient } from './scope.ts';

const key = Symbol.for('offloop.worker.v1');

interface WorkerMark {
  readonly loading: number;
  readonly runReached?: () => void;
}

/** null outside a worker of an executor. */
export function runInWorker<T>(): Promise<T> | null {
  const worker = (globalThis as { [key]?: WorkerMark })[key];
  if (worker === undefined) return null;
  if (ambient.getStore() !== undefined) return Promise.resolve(undefined as T);
  worker.runReached?.();
  return new Promise<T>(() => {});
}
