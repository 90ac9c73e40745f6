/**
 * The far side of every pool: takes batches, runs their jobs one after the other, tells what became of them. It knows nothing
 * of threads or processes; an entry gives it a control block and a channel.
 *
 * Small plain results are left in the control block and the loop is told of many at once; it finds them itself when a job
 * takes long. Everything else is posted when it is there.
 *
 * Nothing a job does may break the worker: what it throws is encoded, and a result that cannot be cloned becomes that job's
 * error, because posting it throws here.
 */
import type { CancelledError } from '../src/base/errors.ts';
import type { Runtime } from '../src/core/runtime.ts';
import { ambient } from '../src/core/scope.ts';
import type { Scope } from '../src/core/scope.ts';
import { isThenable } from '../src/core/thenable.ts';
import { enterWorker } from '../src/executors/worker-state.ts';
import { notCloneable } from '../src/wire/clone-path.ts';
import { nextSequence, wallClock } from '../src/wire/control.ts';
import type { WorkerControl } from '../src/wire/control.ts';
import { decodeThrown, encodeThrown } from '../src/wire/error-codec.ts';
import { CODED_VALUE, ERROR, JOB_FIELDS, LOAD_ERROR, TAKEN_BACK, VALUE } from '../src/wire/protocol.ts';
import type { Batch, FromWorker, FunctionRef, Hello, JobExtras, Ready, ToWorker } from '../src/wire/protocol.ts';
import { collectTransfer, decodeValues, encodeValues } from '../src/wire/transfer.ts';
import { HeapReport } from './heap-report.ts';
import { compileInline } from './inline-function.ts';
import { JobScope, workerRuntime } from './job.ts';
import { findFunction, LoadFailure, loadModule } from './load.ts';
import type { AnyFunction } from './load.ts';
import type { LoopWatch } from './loop-watch.ts';
import { tiesOf } from './ties.ts';
import type { Ties } from './ties.ts';

/** Milliseconds for which results may wait, while further jobs run, to be told with others. */
const SLICE = 0.25;

/** The worker's end of the channel. */
export interface Channel {
  /** Throws what cannot be cloned. */
  postMessage(message: FromWorker, transfer?: readonly object[]): void;
  /** The control block is memory that the loop sees: results may stand there. */
  readonly sharesMemory?: boolean;
}

/** Where the jobs run. */
export interface Surroundings {
  readonly runtime: Runtime;
  began?(job: Scope): void;
  resolve(ref: FunctionRef): Promise<AnyFunction>;
  /** Somebody may listen to the blocks of the loop here. */
  readonly loop?: LoopWatch;
}

export const inWorker: Surroundings = { runtime: workerRuntime, resolve };

/** A function that the loop has told this worker of. */
interface Introduced {
  readonly ref: FunctionRef;
  readonly name: string;
  fn: AnyFunction | null;
}

export class Server {
  readonly #control: WorkerControl;
  readonly #channel: Channel;
  readonly #surroundings: Surroundings;
  readonly #introduced = new Map<number, Introduced>();
  #teardown: FunctionRef | undefined;
  #running: JobScope | null = null;
  #heap: HeapReport | null = null;
  #sequence = 0; // of the job that came last in turn
  #busy = false;
  readonly #mail: Batch[] = [];
  #unheard = false;
  #rungAt = 0; // since when it is unheard

  constructor(control: WorkerControl, channel: Channel, surroundings: Surroundings = inWorker) {
    this.#surroundings = surroundings;
    this.#control = control;
    this.#channel = channel;
  }

  /** Before any message: loads `preload`, runs `init`. */
  async getReady(hello: Hello): Promise<Ready> {
    this.#teardown = hello.teardown;
    if (hello.watchHeap === true) this.#heap = new HeapReport(this.#control);
    enterWorker(hello.hints).warn = (file, text) => this.#channel.postMessage({ type: 'warning', file, text });
    try {
      await this.#surroundings.loop?.getReady();
      for (const url of hello.preload) await loadModule(url);
      if (hello.init !== undefined) await (await resolve(hello.init))();
      return {};
    } catch (error) {
      return { unready: encodeThrown(error) };
    }
  }

  receive(message: ToWorker): void {
    if (isBatch(message)) this.#take(message);
    else if (message.type === 'define') this.#introduced.set(message.fn, { ref: message.ref, name: message.name, fn: null });
    else if (message.type === 'cancel') this.#cancelled(message.sequence, decodeThrown(message.reason) as CancelledError);
    else if (message.type === 'goodbye') void this.#sayGoodbye();
    else if (this.#running?.id === message.id) (this.#running.ties as Ties | null)?.heard(message);
  }

  /** Batches come while a job waits for a promise: one job at a time. */
  #take(batch: Batch): void {
    if (this.#busy) this.#mail.push(batch);
    else this.#runFrom(batch, 0);
  }

  /** Runs what the loop has not taken back. Synchronous as long as the jobs are: a promise costs as much as a small job. */
  #runFrom(first: Batch, from: number): void {
    this.#busy = true;
    let start = from;
    for (let batch: Batch | undefined = first; batch !== undefined; batch = this.#mail.shift()) {
      for (let at = start; at < batch.length; at += JOB_FIELDS) {
        const pending = this.#claimAndRun(batch, at);
        if (pending !== null) return this.#goOnAfter(pending, batch, at + JOB_FIELDS);
        if (this.#unheard && performance.now() - this.#rungAt >= SLICE) this.#ring();
      }
      start = 0;
    }
    this.#busy = false;
    this.#ring();
  }

  #goOnAfter(pending: Promise<void>, batch: Batch, at: number): void {
    this.#ring();
    void pending.then(() => this.#runFrom(batch, at));
  }

  #claimAndRun(batch: Batch, at: number): Promise<void> | null {
    const sequence = (this.#sequence = nextSequence(this.#sequence));
    if (this.#control.claim(sequence, wallClock())) return this.#run(batch, at, sequence);
    if (this.#channel.sharesMemory !== true) this.#channel.postMessage([TAKEN_BACK, 0, null]);
    else this.#leave();
    return null;
  }

  /** Something stands in the control block that the loop does not know of. */
  #leave(): void {
    if (!this.#unheard) this.#rungAt = performance.now();
    this.#unheard = true;
  }

  /** Tells the loop of what stands in the control block. */
  #ring(): void {
    if (!this.#unheard) return;
    this.#unheard = false;
    this.#channel.postMessage([]);
  }

  /** null when the job has ended already. */
  #run(batch: Batch, at: number, sequence: number): Promise<void> | null {
    const known = this.#introduced.get(batch[at] as number) as Introduced;
    const extras = batch[at + 3] as JobExtras | null;
    const args = batch[at + 2] as readonly unknown[];
    const name = extras?.name ?? known.name;
    const { runtime } = this.#surroundings;
    const scope = new JobScope(batch[at + 1] as number, name, extras?.timeout ?? Infinity, sequence, this.#control, this.#post, runtime);
    this.#surroundings.began?.(scope);
    this.#running = scope;
    if (extras !== null) scope.ties = tiesOf(extras, scope, this.#channel);
    const coded = extras?.encoded === true;
    return known.fn === null ? this.#findAndCall(known, args, coded, scope) : this.#call(known.fn, args, coded, scope);
  }

  async #findAndCall(known: Introduced, args: readonly unknown[], coded: boolean, scope: JobScope): Promise<void> {
    this.#control.begin(false);
    try {
      known.fn = await this.#surroundings.resolve(known.ref);
      if (scope.mustStop) throw scope.effective; // it was cancelled while its module loaded
    } catch (error) {
      return this.#end(scope, error instanceof LoadFailure ? LOAD_ERROR : ERROR, 0, encodeThrown(error));
    }
    this.#control.begin(true);
    await this.#call(known.fn, args, coded, scope);
  }

  /** `coded`: the arguments hold instances of registered classes, which the function's module may have registered. */
  #call(fn: AnyFunction, args: readonly unknown[], coded: boolean, scope: JobScope): Promise<void> | null {
    const started = performance.now();
    scope.begin();
    try {
      const tied = scope.ties === null ? fn : (scope.ties as Ties).wrap(fn);
      const result = ambient.run(scope, tied, ...(coded ? decodeValues(args) : args));
      if (isThenable(result)) return this.#await(result, started, scope);
      this.#succeed(result, started, scope);
    } catch (error) {
      this.#fail(error, started, scope);
    }
    return null;
  }

  async #await(result: PromiseLike<unknown>, started: number, scope: JobScope): Promise<void> {
    this.#surroundings.loop?.began(scope);
    try {
      this.#succeed(await result, started, scope);
    } catch (error) {
      this.#fail(error, started, scope);
    }
  }

  #succeed(result: unknown, started: number, scope: JobScope): void {
    const ms = performance.now() - started;
    if (this.#channel.sharesMemory === true && scope.ties === null && this.#control.keep(scope.sequence, result, ms))
      return this.#kept(scope);
    const { values, replaced } = encodeValues([result]);
    this.#end(scope, replaced ? CODED_VALUE : VALUE, ms, values[0], result);
  }

  #kept(scope: JobScope): void {
    this.#over(scope);
    this.#leave();
  }

  #over(scope: JobScope): void {
    this.#running = null;
    this.#surroundings.loop?.ended(scope);
    (scope.ties as Ties | null)?.end();
    scope.leave();
    this.#heap?.afterJob();
  }

  #fail(error: unknown, started: number, scope: JobScope): void {
    this.#end(scope, ERROR, performance.now() - started, encodeThrown(error));
  }

  /** Posted at once: the next job may take long, and what stands in no shared memory would have to wait for it. */
  #end(scope: JobScope, kind: number, ms: number, payload: unknown, result?: unknown): void {
    this.#over(scope);
    this.#unheard = false; // this message tells it, too
    this.#control.posted(scope.sequence);
    try {
      this.#channel.postMessage([kind, ms, payload], collectTransfer([payload]) as object[]);
    } catch (error) {
      this.#channel.postMessage([ERROR, ms, encodeThrown(notCloneable(result, 'result', error))]);
    }
  }

  /** For the job's own use: throws NotCloneableError, with the path inside `what`. */
  readonly #post = (message: FromWorker, what: string, value: unknown, transfer: readonly object[]): void => {
    try {
      this.#channel.postMessage(message, transfer);
    } catch (error) {
      throw notCloneable(value, what, error);
    }
  };

  #cancelled(sequence: number, reason: CancelledError): void {
    if (this.#running?.sequence === sequence) this.#running.stop(reason);
  }

  async #sayGoodbye(): Promise<void> {
    try {
      if (this.#teardown !== undefined) await (await resolve(this.#teardown))();
      this.#channel.postMessage({ type: 'goodbye' });
    } catch (error) {
      this.#channel.postMessage({ type: 'goodbye', failed: encodeThrown(error) });
    }
  }
}

function isBatch(message: ToWorker): message is Batch {
  return Array.isArray(message);
}

function resolve(ref: FunctionRef): Promise<AnyFunction> {
  return 'source' in ref ? compileInline(ref.source, ref.name) : findFunction(ref);
}
