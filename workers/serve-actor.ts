/**
 * The far side of an actor: one object of the user's class, and its calls in the order of their arrival. Each call is a scope,
 * so whatever of offloop waits inside is cancelled with it; the object itself lives on. It knows nothing of threads.
 *
 * Methods interleave as they would in any program: an `async` method that waits lets the next call begin.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { installed } from '../src/base/late.ts';
import { encodeThrown, decodeThrown } from '../src/wire/error-codec.ts';
import { FunctionNotFoundError } from '../src/base/errors.ts';
import type { CancelledError } from '../src/base/errors.ts';
import { ambient } from '../src/core/scope.ts';
import { isThenable } from '../src/core/thenable.ts';
import { withContext } from '../src/executors/carry-context.ts';
import { enterWorker } from '../src/executors/worker-state.ts';
import { handOver } from '../src/wire/actor-endpoint.ts';
import type { ActorEndpoint } from '../src/wire/actor-endpoint.ts';
import type { ActorFields, ActorReply, ActorRequest } from '../src/wire/actor-protocol.ts';
import { putCallbacks } from '../src/wire/callback-mark.ts';
import type { CallbackPlace } from '../src/wire/callback-mark.ts';
import type { CancelFlags } from '../src/wire/cancel-flags.ts';
import type { Carried } from '../src/wire/protocol.ts';
import { decodeValues, encodeValues } from '../src/wire/transfer.ts';
import { LoopCallbacks } from './actor-callbacks.ts';
import { ActorStream, isStream } from './actor-stream.ts';
import type { InContext } from './actor-stream.ts';
import { JobScope } from './job.ts';
import type { LoopWatch } from './loop-watch.ts';
import { findFunction, LoadFailure } from './load.ts';

type AnyFunction = (...args: unknown[]) => unknown;
type SpawnRequest = Extract<ActorRequest, readonly ['spawn', ...unknown[]]>;
type ActorClass = new (...args: unknown[]) => object;

/** Answers the requests that come through `endpoint`, for one object. */
export function serveActor(endpoint: ActorEndpoint, flags: CancelFlags, loop: LoopWatch | null = null): void {
  const server = new ActorServer(flags, new LoopCallbacks(endpoint), loop);
  installed('comlink').expose((request: ActorRequest) => server.answer(request), endpoint);
}

class ActorServer {
  readonly #flags: CancelFlags;
  readonly #callbacks: LoopCallbacks;
  /** Somebody may listen to the blocks of the loop here. */
  readonly #loop: LoopWatch | null;
  readonly #scopes = new Map<number, JobScope>();
  readonly #streams = new Map<number, ActorStream>();
  /** Of the calls that carry some. */
  readonly #contexts = new Map<number, InContext>();
  #object: Record<string, unknown> = {};
  #knownFields = 0;

  constructor(flags: CancelFlags, callbacks: LoopCallbacks, loop: LoopWatch | null) {
    this.#loop = loop;
    this.#callbacks = callbacks;
    this.#flags = flags;
  }

  answer(request: ActorRequest): ActorReply | Promise<ActorReply> {
    const [op, id, args, coded, what, callbacks, context] = request;
    switch (op) {
      case 'call':
        return this.#run(id, what, () => this.#method(what).apply(this.#object, this.#decoded(args, coded, callbacks)), context);
      case 'get':
        return this.#run(id, what, () => this.#object[what], context);
      case 'pull':
        return this.#pull(what.stream, what.most);
      case 'close':
        return this.#close(what);
      case 'spawn':
        return this.#spawn(request);
      case 'cancel':
        this.#scopes.get(id)?.stop(decodeThrown(what) as CancelledError);
        return ['value', undefined];
      default:
        return this.#release(id);
    }
  }

  async #spawn([, id, args, coded, hello, callbacks, context]: SpawnRequest): Promise<ActorReply> {
    enterWorker(hello.hints);
    try {
      await this.#loop?.getReady();
      const cls = (await findFunction(hello)) as unknown as ActorClass;
      if (!isClass(cls))
        throw new FunctionNotFoundError(`${hello.module} has something else than a class at ${hello.export} in the worker`);
      const construct = (): void => void (this.#object = new cls(...this.#decoded(args, coded, callbacks)) as Record<string, unknown>);
      return await this.#run(id, 'constructor', construct, context);
    } catch (error) {
      return [error instanceof LoadFailure ? 'load-failed' : 'error', encodeThrown(error)];
    }
  }

  #method(name: string): AnyFunction {
    const method = this.#object[name];
    if (typeof method !== 'function') throw new TypeError(`${name} is not a function of the actor`);
    return method as AnyFunction;
  }

  #decoded(args: readonly unknown[], coded: boolean, callbacks: readonly CallbackPlace[]): unknown[] {
    const values = coded ? decodeValues(args) : (args as unknown[]);
    if (callbacks.length > 0) putCallbacks(values, callbacks, this.#callbacks.standIn);
    return values;
  }

  /** Synchronous as long as the method is. */
  #run(id: number, name: string, body: () => unknown, context?: Carried): ActorReply | Promise<ActorReply> {
    const scope = new JobScope(id, name, Infinity, id, this.#flags, () => {});
    this.#scopes.set(id, scope);
    this.#loop?.called();
    try {
      const result = ambient.run(scope, context === undefined ? body : () => this.#within(context, id, body));
      return isThenable(result) ? this.#await(id, scope, result) : this.#succeed(id, scope, result);
    } catch (error) {
      return this.#fail(id, scope, error);
    }
  }

  /** A generator that `body` makes goes on in that context, whoever asks for its items. */
  #within(context: Carried, id: number, body: () => unknown): unknown {
    return withContext(context, () => {
      this.#contexts.set(id, AsyncLocalStorage.snapshot());
      return body();
    });
  }

  async #await(id: number, scope: JobScope, result: PromiseLike<unknown>): Promise<ActorReply> {
    this.#loop?.began(scope);
    try {
      return this.#succeed(id, scope, await result);
    } catch (error) {
      return this.#fail(id, scope, error);
    }
  }

  #succeed(id: number, scope: JobScope, result: unknown): ActorReply {
    if (isStream(result)) {
      this.#streams.set(id, new ActorStream(result, scope, this.#contexts.get(id)));
      return ['stream', id, this.#newFields()];
    }
    const { values, replaced } = encodeValues([result]);
    this.#end(id, scope);
    const reply: ActorReply = [replaced ? 'coded' : 'value', values[0], this.#newFields()];
    return handOver(reply, values);
  }

  #fail(id: number, scope: JobScope, error: unknown): ActorReply {
    this.#end(id, scope);
    return ['error', encodeThrown(error), this.#newFields()];
  }

  #end(id: number, scope: JobScope): void {
    this.#loop?.ended(scope);
    this.#scopes.delete(id);
    this.#contexts.delete(id);
    scope.leave();
  }

  async #pull(id: number, most: number): Promise<ActorReply> {
    const stream = this.#streams.get(id);
    if (stream === undefined) return ['batch', { items: [], coded: false, end: 'done' }];
    const { items, end } = await stream.pull(most);
    if (end !== null) this.#forget(id);
    const { values, replaced } = encodeValues(items);
    const reply: ActorReply = ['batch', { items: values, coded: replaced, end }, this.#newFields()];
    return handOver(reply, values);
  }

  /** Runs what the generator still has to do. */
  async #close(id: number): Promise<ActorReply> {
    const stream = this.#streams.get(id);
    if (stream === undefined) return ['value', undefined];
    try {
      await stream.close();
      return ['value', undefined];
    } catch (error) {
      return ['error', encodeThrown(error)];
    } finally {
      this.#forget(id);
    }
  }

  #forget(id: number): void {
    this.#streams.delete(id);
    const scope = this.#scopes.get(id);
    if (scope !== undefined) this.#end(id, scope);
  }

  /** The end of the object: generators that nobody finished, then its own dispose method. */
  async #release(id: number): Promise<ActorReply> {
    const open = [...this.#streams.keys()];
    await Promise.all(open.map((stream) => this.#close(stream)));
    const object = this.#object as Partial<AsyncDisposable & Disposable>;
    return this.#run(id, 'dispose', async () => {
      if (typeof object[Symbol.asyncDispose] === 'function') await object[Symbol.asyncDispose]!();
      else object[Symbol.dispose]?.();
    });
  }

  /** Undefined when there are as many as the loop knows of. */
  #newFields(): ActorFields | undefined {
    const names = Object.getOwnPropertyNames(this.#object);
    if (names.length === this.#knownFields) return undefined;
    this.#knownFields = names.length;
    return Object.fromEntries(names.map((name) => [name, isFunctionAt(this.#object, name)]));
  }
}

function isFunctionAt(object: object, name: string): boolean {
  return typeof Object.getOwnPropertyDescriptor(object, name)?.value === 'function'; // a getter is not called
}

function isClass(value: unknown): boolean {
  return typeof value === 'function' && typeof value.prototype === 'object';
}
