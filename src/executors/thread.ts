/** Functions in worker threads of this process. The far side is `workers/thread.ts`. */
import type { PoolOptions } from './executor.ts';
import { helloOf, resolvePoolOptions } from './options.ts';
import { PoolExecutor } from './pool-executor.ts';
import { ThreadWorker } from './thread-worker.ts';

/** Runs functions in worker threads of this process. A worker that dies harms the job it ran, and is replaced. */
export class ThreadPoolExecutor extends PoolExecutor {
  constructor(options?: PoolOptions) {
    const settings = resolvePoolOptions(options, 'ThreadPoolExecutor');
    const hello = helloOf(settings);
    super('thread', settings, (listener) => new ThreadWorker(settings, hello, listener));
  }
}
