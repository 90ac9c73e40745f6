/** The job that this worker runs now, as the function that runs in it sees it. */
import { CancelledError } from '../src/base/errors.ts';
import { Runtime } from '../src/core/runtime.ts';
import { ambient, Scope } from '../src/core/scope.ts';
import { throwIfCancelled } from '../src/core/checkpoint.ts';
import { wallClock } from '../src/wire/control.ts';
import type { WorkerControl } from '../src/wire/control.ts';
import type { FromWorker } from '../src/wire/protocol.ts';
import { collectTransfer } from '../src/wire/transfer.ts';

/** That of all jobs in a worker. */
export const workerRuntime: Runtime = new Runtime();

/** Sends to the loop; `what` and `value` name what could not be cloned. */
export type PostToLoop = (message: FromWorker, what: string, value: unknown, transfer: readonly object[]) => void;

/** Streams, callbacks, carried context: see ties.ts. */
export interface JobTies {
  /** The consumer has left, and the generator cleans up undisturbed: the cancel that follows is not for it. */
  readonly closing: boolean;
  /** Replies that it waits for. */
  readonly waiting?: number;
}

/** A job is a scope: everything of offloop that waits inside it is cancelled with it. */
export class JobScope extends Scope {
  readonly id: number;
  readonly name: string;
  /** Wall-clock time; known once the function begins. */
  deadlineAt: number = Infinity;
  /** What it has to do with the loop while it runs; null for most jobs. */
  ties: JobTies | null = null;
  readonly sequence: number;
  readonly #timeout: number;
  readonly #control: Pick<WorkerControl, 'mustStop'>;
  readonly #post: PostToLoop;

  constructor(
    id: number,
    name: string,
    timeout: number,
    sequence: number,
    control: Pick<WorkerControl, 'mustStop'>,
    post: PostToLoop,
    runtime: Runtime = workerRuntime,
  ) {
    super(null, runtime);
    this.id = id;
    this.name = name;
    this.#timeout = timeout;
    this.sequence = sequence;
    this.#control = control;
    this.#post = post;
  }

  begin(): void {
    if (this.#timeout !== Infinity) this.deadlineAt = wallClock() + this.#timeout;
  }

  /** Looks at the shared flag: a tight loop gets no message. */
  get mustStop(): boolean {
    if (this.effective === null && this.ties?.closing !== true && this.#control.mustStop(this.sequence)) this.stop(new CancelledError());
    return this.effective !== null;
  }

  stop(reason: CancelledError): void {
    if (this.ties?.closing !== true) this.cancelWith(reason);
  }

  progress(value: unknown): void {
    this.#post({ type: 'progress', id: this.id, value }, 'progress value', value, collectTransfer([value]) as object[]);
  }
}

export interface CurrentJob {
  readonly id: number;
  readonly name: string;
  /** Aborted when the job is cancelled. */
  readonly signal: AbortSignal;
  /** True once the job was asked to stop; works inside a tight loop. */
  readonly cancelled: boolean;
  /** Wall-clock time in milliseconds since 1970 by which the job must end; Infinity = none. */
  readonly deadline: number;
}

function jobScope(): JobScope | undefined {
  for (let s = ambient.getStore() ?? null; s !== null; s = s.parent) if (s instanceof JobScope) return s;
  return undefined;
}

/** The job this code runs in; undefined outside a worker. */
export function currentJob(): CurrentJob | undefined {
  const scope = jobScope();
  if (scope === undefined) return undefined;
  return {
    id: scope.id,
    name: scope.name,
    deadline: scope.deadlineAt,
    get signal() {
      return scope.signal;
    },
    get cancelled() {
      return scope.mustStop;
    },
  };
}

/**
 * The synchronous cancel point of CPU-bound code: cheap enough for a tight loop (one load from shared memory).
 * Outside a job it looks at the ambient scope, so that the same function also runs in the loop.
 *
 * - Throws: CancelledError when the job was cancelled.
 */
export function checkCancelled(): void {
  void jobScope()?.mustStop; // cancels the scope of the job when the flag is raised; a shield below it still holds
  throwIfCancelled();
}

/** Sends `value` to the job's `onProgress`. Does nothing outside a worker. Throws NotCloneableError for what cannot be cloned. */
export function progress(value: unknown): void {
  jobScope()?.progress(value);
}
