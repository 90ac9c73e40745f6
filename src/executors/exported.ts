/**
 * Calls of functions of which only the worker will know whether they are generators: exports of a plain module. The first call
 * gives something that can be awaited and iterated; after it has shown what the function is, calls are jobs or streams.
 */
import { defaultExecutor, submitTo } from './default-executor.ts';
import type { Executor } from './executor.ts';
import { localStream } from './local-stream.ts';
import { begin, defaults, openStream, takesJobs } from './open-stream.ts';
import type { StreamCall } from './open-stream.ts';
import { StreamHandle } from './stream-handle.ts';
import type { Task } from '../core/task.ts';
import { workerState } from './worker-state.ts';

type Fn = (...args: never[]) => unknown;
type Items = AsyncIterableIterator<unknown> & AsyncDisposable;

export class ExportedFunction {
  readonly #fn: Fn;
  readonly #local: Fn;
  #kind: 'unknown' | 'generator' | 'value' = 'unknown';

  constructor(fn: Fn, local: Fn) {
    this.#fn = fn;
    this.#local = local;
  }

  /** The stacks of its errors end at the caller of `below`. */
  call(below: Fn, args: readonly unknown[], settings: Partial<Pick<StreamCall, 'executor' | 'options' | 'highWaterMark'>> = {}): unknown {
    const call: StreamCall = { ...defaults, ...settings, fn: this.#fn, local: this.#local, args };
    if (this.#kind === 'generator') return openStream(call);
    if (this.#kind === 'value' || !hasWorkers(call.executor)) return this.#submit(below, call);
    return this.#tryOut(below, call);
  }

  /** In place a task may turn out to be a generator, too; to iterate over it is no error then. */
  #submit(below: Fn, { executor, fn, local, args, options }: StreamCall): Task<unknown> {
    const task = submitTo(executor, below, fn, local, args, options);
    return this.#kind === 'value'
      ? task
      : withItems(
          task,
          localStream(() => task),
        );
  }

  #tryOut(below: Fn, call: StreamCall): Task<unknown> {
    const { stream, job } = begin(call, below, false);
    const handle = new StreamHandle(() => stream);
    handle.begin();
    stream.whenGenerator(() => (this.#kind = 'generator'));
    job.onSettled(() => {
      if (job.state === 'done' && !stream.isGenerator) this.#kind = 'value';
    });
    const then = job.then.bind(job) as Task<unknown>['then'];
    const settled = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        stream.whenGenerator(() => resolve(handle));
        void then(resolve, reject);
      });
    Object.assign(job, { then: (...on: Parameters<typeof then>) => settled().then(...on) });
    return withItems(job, handle);
  }
}

function hasWorkers(executor: Executor | null): boolean {
  return !(executor === null && workerState() !== undefined) && takesJobs(executor ?? defaultExecutor());
}

function withItems(task: Task<unknown>, items: Items): Task<unknown> {
  return Object.assign(task, {
    next: () => items.next(),
    return: () => items.return?.(),
    [Symbol.asyncIterator]: () => items,
    [Symbol.asyncDispose]: () => items[Symbol.asyncDispose](),
  });
}
