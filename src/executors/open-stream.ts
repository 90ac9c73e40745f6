/** From a call of an offloaded generator to its stream, in the executor that is meant. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { wrongType } from '../base/validate.ts';
import { defaultExecutor } from './default-executor.ts';
import type { Executor, SubmitOptions } from './executor.ts';
import type { MakeJob } from './job.ts';
import { isInsideJob } from './in-place.ts';
import { localStream } from './local-stream.ts';
import { HIGH_WATER_MARK } from './options.ts';
import { Stream } from './stream.ts';
import { StreamHandle } from './stream-handle.ts';
import type { StreamJob } from './stream-job.ts';
import { workerState } from './worker-state.ts';

type Fn = (...args: never[]) => unknown;
type Items = AsyncIterableIterator<unknown> & AsyncDisposable;

export interface StreamCall {
  readonly executor: Executor | null;
  /** The function that is submitted, and the one that would run here. */
  readonly fn: Fn;
  readonly local: Fn;
  readonly args: readonly unknown[];
  readonly options: SubmitOptions | undefined;
  readonly highWaterMark: number;
}

/** What an executor must have to run streams: workers that take jobs. */
export interface JobExecutor {
  submitFrom(below: Fn, fn: Fn, args: readonly unknown[], options: SubmitOptions | undefined, make: MakeJob): unknown;
}

/** Nothing runs before the first `next()`; scope, context and arguments are those of this call. */
export function openStream(call: StreamCall): Items {
  const { executor } = call;
  if (executor === null && workerState() !== undefined) return inPlace(call);
  // A job of an inline executor that opened a stream there would wait for itself.
  if (executor !== null && (isInsideJob() || !takesJobs(executor)) && executor.statistics().kind === 'inline') return inPlace(call);
  const inContext = AsyncLocalStorage.snapshot();
  // oxlint-disable-next-line typescript/unbound-method -- it is not called: stacks end at its caller
  return new StreamHandle(() => inContext(() => begin(call, StreamHandle.prototype.next, true).stream));
}

function inPlace({ local, args }: StreamCall): Items {
  return localStream(() => local(...(args as never[])));
}

/** Submits the call. Not `sure`: what the function returns will show whether it is a generator. */
export function begin(call: StreamCall, below: Fn, sure: boolean): { stream: Stream; job: StreamJob } {
  const { fn, args, options, highWaterMark } = call;
  const stream = new Stream(highWaterMark, sure);
  let job!: StreamJob;
  jobExecutor(call.executor).submitFrom(below, fn, args, options, (init) => (job = stream.makeJob(init)));
  return { stream, job };
}

function jobExecutor(executor: Executor | null): JobExecutor {
  const target = executor ?? defaultExecutor();
  if (takesJobs(target)) return target;
  throw wrongType('executor', 'an executor with workers, since the function is a generator', target);
}

/** True for executors that have workers. */
export function takesJobs(executor: Executor): executor is Executor & JobExecutor {
  return typeof (executor as Partial<JobExecutor>).submitFrom === 'function';
}

export const defaults: Pick<StreamCall, 'executor' | 'options' | 'highWaterMark'> = Object.freeze({
  executor: null,
  options: undefined,
  highWaterMark: HIGH_WATER_MARK,
});
