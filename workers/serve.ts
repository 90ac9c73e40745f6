/**
 * The far side of every pool: takes batches, runs their jobs one after the other, replies. It knows nothing of threads or
 * processes; an entry gives it a control block and the messages.
 *
 * Nothing a job does may break the reply: what it throws is encoded, and a result that cannot be cloned becomes that job's
 * error. Whether a value can be cloned is only known by cloning it, so any value that is not plainly safe is posted on the
 * side channel, where a failure throws here instead of killing the worker.
 */
import type { MessagePort } from 'node:worker_threads';
import type { CancelledError } from '../src/base/errors.ts';
import { ambient } from '../src/core/scope.ts';
import { isThenable } from '../src/core/task.ts';
import { enterWorker } from '../src/executors/worker-state.ts';
import { isPlainData } from '../src/wire/plain-data.ts';
import { notCloneable } from '../src/wire/clone-path.ts';
import type { ControlBlock } from '../src/wire/control.ts';
import { decodeThrown, encodeThrown } from '../src/wire/error-codec.ts';
import type { BatchMessage, BatchReply, CancelNotice, FunctionRef, Hello, JobRecord, Outcome, SideMessage } from '../src/wire/protocol.ts';
import { collectTransfer, decodeValues, encodeValues } from '../src/wire/transfer.ts';
import { compileInline } from './inline-function.ts';
import { JobScope } from './job.ts';
import { findFunction, LoadFailure, loadModule } from './load.ts';

type AnyFunction = (...args: unknown[]) => unknown;

export class Server {
  readonly #control: ControlBlock;
  readonly #refs = new Map<number, FunctionRef>();
  readonly #functions = new Map<number, AnyFunction>();
  #side: MessagePort | null = null;
  #teardown: FunctionRef | undefined;
  #unready: { error: unknown } | null = null;
  #running: JobScope | null = null;

  constructor(control: ControlBlock) {
    this.#control = control;
  }

  /** Runs one batch; batches come one at a time. */
  async handle(message: BatchMessage): Promise<BatchReply> {
    if (message.hello !== undefined) await this.#getReady(message.hello);
    if (this.#unready !== null) return { outcomes: [], unready: encodeThrown(this.#unready.error) };
    for (const [id, ref] of message.defs ?? []) this.#refs.set(id, ref);
    const outcomes: Outcome[] = [];
    for (let i = this.#control.claim(); i >= 0; i = this.#control.claim()) {
      outcomes.push(await this.#run(message.jobs[i] as JobRecord, this.#control.sequence(i)));
    }
    if (message.goodbye === true && this.#teardown !== undefined) await (await this.#resolve(this.#teardown))();
    return { outcomes };
  }

  async #getReady(hello: Hello): Promise<void> {
    this.#side = hello.side;
    hello.side.on('message', (notice: CancelNotice) => this.#cancelled(notice));
    hello.side.unref();
    this.#teardown = hello.teardown;
    enterWorker(hello.hints).warn = (file, text) => this.#post({ type: 'warning', file, text });
    try {
      for (const url of hello.preload) await loadModule(url);
      if (hello.init !== undefined) await (await this.#resolve(hello.init))();
    } catch (error) {
      this.#unready = { error };
    }
  }

  #resolve(ref: FunctionRef): Promise<AnyFunction> {
    return 'source' in ref ? compileInline(ref.source, ref.name) : findFunction(ref);
  }

  async #functionOf(id: number): Promise<AnyFunction> {
    const fn = await this.#resolve(this.#refs.get(id) as FunctionRef);
    this.#functions.set(id, fn);
    return fn;
  }

  async #run(job: JobRecord, sequence: number): Promise<Outcome> {
    let started = performance.now();
    const ms = (): number => performance.now() - started;
    const scope = this.#open(job, sequence);
    try {
      const fn = this.#functions.get(job.fn) ?? (await this.#functionOf(job.fn));
      const args = job.encoded === true ? decodeValues(job.args) : job.args;
      started = performance.now();
      const result = ambient.run(scope, fn, ...args);
      return this.#success(isThenable(result) ? await result : result, ms());
    } catch (error) {
      return { ok: false, error: encodeThrown(error), ms: ms(), ...(error instanceof LoadFailure ? { load: true } : {}) };
    } finally {
      this.#running = null;
      scope.leave();
    }
  }

  #open(job: JobRecord, sequence: number): JobScope {
    const init = { id: job.id, name: job.name, deadline: job.deadline ?? Infinity, sequence };
    const scope = new JobScope(init, this.#control, (value) => this.#progress(job.id, value));
    this.#running = scope;
    return scope;
  }

  #success(result: unknown, ms: number): Outcome {
    const transfer = collectTransfer([result]);
    if (transfer.length === 0 && isPlainData(result)) return { ok: true, value: result, ms };
    const { values, replaced } = encodeValues([result]);
    this.#post({ type: 'outcome', value: values[0], encoded: replaced }, 'result', result, transfer as object[]);
    return { ok: 'side', ms };
  }

  #progress(id: number, value: unknown): void {
    this.#post({ type: 'progress', id, value }, 'progress value', value, collectTransfer([value]) as object[]);
  }

  /** Throws NotCloneableError, with the path inside `what`. */
  #post(message: SideMessage, what = 'message', value: unknown = message, transfer: object[] = []): void {
    try {
      this.#side?.postMessage(message, transfer as never);
    } catch (error) {
      throw notCloneable(value, what, error);
    }
  }

  #cancelled(notice: CancelNotice): void {
    const job = this.#running;
    if (job?.sequence === notice.cancel) job.stop(decodeThrown(notice.reason) as CancelledError);
  }
}
