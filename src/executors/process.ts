/**
 * Functions in child processes: for code that may crash its process (native addons), that changes process-wide state (`chdir`,
 * signals, `process.title`), or that needs a heap of its own. The far side is `workers/process.ts`.
 *
 * Everything is as with threads, save that memory cannot cross: what is marked by `move()` is copied, and SharedArrayBuffers
 * and ports are refused with NotCloneableError.
 */
import type { PoolOptions } from './executor.ts';
import { helloOf, resolvePoolOptions } from './options.ts';
import { PoolExecutor } from './pool-executor.ts';
import { ProcessWorker } from './process-worker.ts';

/** Runs functions in child processes, which end with this one. Memory is copied, also what is marked by `move()`. */
export class ProcessPoolExecutor extends PoolExecutor {
  constructor(options?: PoolOptions) {
    const settings = resolvePoolOptions(options, 'ProcessPoolExecutor', 'process');
    const hello = helloOf(settings);
    super('process', settings, (listener) => new ProcessWorker(settings, hello, listener));
  }
}
