/**
 * `run()` inside a worker. A worker may import the program's main file to find its functions; main must not run there, and
 * neither may what follows `await run(main)` or `.then(() => process.exit())`. So the promise never settles while a module is
 * being imported; the module loader is told that `run` was reached and goes on.
 */
const key = Symbol.for('offloop.worker.v1');

interface WorkerMark {
  readonly loading: number;
  readonly runReached?: () => void;
}

/** null outside a worker of an executor. */
export function runInWorker<T>(): Promise<T> | null {
  const worker = (globalThis as { [key]?: WorkerMark })[key];
  if (worker === undefined) return null;
  if (worker.loading === 0) return Promise.resolve(undefined as T);
  worker.runReached?.();
  return new Promise<T>(() => {});
}
